# The gated MLP's middle (Shazeer 2020, arXiv 2002.05202): a = act(g) * u, act SiLU or GELU in its tanh form.
#
# M tokens, I inner features; gu [M, 2 I] holds g and u side by side.


# Fills a [M, I] and, where backward wants it again, s [M, I] = act(g); s may be a itself.
def forward(gu: Tensor, gelu: bool, s: Tensor, a: Tensor) -> NoneType:
  inner = a.size(1)
  if gelu:
    torch.gelu(gu.narrow(1, 0, inner), approximate="tanh", out=s)
  else:
    torch.silu(gu.narrow(1, 0, inner), out=s)
  torch.mul(s, gu.narrow(1, inner, inner), out=a)
  return None


# Where in dgu forward leaves act(g) for backward: the place of du.
def activated_of(dgu: Tensor) -> Tensor:
  inner = dgu.size(1) // 2
  return dgu.narrow(1, inner, inner)


# da [M, I], overwritten -> dgu [M, 2 I], which holds act(g) in du's place: du = da * act(g), dg = da * u * act'(g).
def backward(da: Tensor, gu: Tensor, gelu: bool, dgu: Tensor) -> NoneType:
  inner = da.size(1)
  dgu.narrow(1, inner, inner).mul_(da)
  da.mul_(gu.narrow(1, inner, inner))
  if gelu:
    torch.gelu_backward(da, gu.narrow(1, 0, inner), approximate="tanh", grad_input=dgu.narrow(1, 0, inner))
  else:
    torch.silu_backward(da, gu.narrow(1, 0, inner), grad_input=dgu.narrow(1, 0, inner))
  return None
