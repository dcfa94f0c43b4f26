# The gated MLP's middle (SwiGLU, Shazeer 2020, arXiv 2002.05202): a = silu(g) * u.
#
# M tokens, I inner features; gu [M, 2 I] holds g and u side by side.


# Fills a [M, I].
def forward(gu: Tensor, a: Tensor) -> NoneType:
  inner = a.size(1)
  torch.silu(gu.narrow(1, 0, inner), out=a)
  a.mul_(gu.narrow(1, inner, inner))
  return None


# da [M, I], overwritten -> dgu [M, 2 I], overwritten: dg = da * u * silu'(g), du = da * silu(g).
def backward(da: Tensor, gu: Tensor, dgu: Tensor) -> NoneType:
  inner = da.size(1)
  g = gu.narrow(1, 0, inner)
  dg = dgu.narrow(1, 0, inner)
  du = dgu.narrow(1, inner, inner)
  torch.silu(g, out=du)
  du.mul_(da)
  da.mul_(gu.narrow(1, inner, inner))
  torch.silu_backward(da, g, grad_input=dg)
  return None
