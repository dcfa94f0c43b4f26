# The gated MLP's middle (SwiGLU, Shazeer 2020, arXiv 2002.05202): a = silu(g) * u.
#
# M tokens, I inner features; gu [M, 2 I] holds g and u side by side.


# Fills a [M, I] and, where backward wants it again, s [M, I] = silu(g); s may be a itself.
def forward(gu: Tensor, s: Tensor, a: Tensor) -> NoneType:
  inner = a.size(1)
  torch.silu(gu.narrow(1, 0, inner), out=s)
  torch.mul(s, gu.narrow(1, inner, inner), out=a)
  return None


# Where in dgu forward leaves silu(g) for backward: the place of du.
def silu_of(dgu: Tensor) -> Tensor:
  inner = dgu.size(1) // 2
  return dgu.narrow(1, inner, inner)


# da [M, I], overwritten -> dgu [M, 2 I], which holds silu(g) in du's place: du = da * silu(g), dg = da * u * silu'(g).
def backward(da: Tensor, gu: Tensor, dgu: Tensor) -> NoneType:
  inner = da.size(1)
  dgu.narrow(1, inner, inner).mul_(da)
  da.mul_(gu.narrow(1, inner, inner))
  torch.silu_backward(da, gu.narrow(1, 0, inner), grad_input=dgu.narrow(1, 0, inner))
  return None
