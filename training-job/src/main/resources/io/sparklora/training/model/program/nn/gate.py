# The MLP's middle: a = act(g) * u where it has a gate (Shazeer 2020, arXiv 2002.05202), a = act(u) where it has none.
#
# M tokens, I inner features; gu holds g and u side by side, [M, 2 I], or u alone, [M, I].


# Fills a [M, I] and, where backward of a gate wants it again, s [M, I] = act(g); s may be a itself.
def forward(gu: Tensor, kind: int, s: Tensor, a: Tensor) -> NoneType:
  inner = a.size(1)
  if gu.size(1) == inner:
    __torch__.nn.activation.forward(gu, kind, a)
  else:
    __torch__.nn.activation.forward(gu.narrow(1, 0, inner), kind, s)
    torch.mul(s, gu.narrow(1, inner, inner), out=a)
  return None


# Where in dgu forward leaves act(g) for backward: the place of du.
def activated_of(dgu: Tensor, inner: int) -> Tensor:
  return dgu.narrow(1, dgu.size(1) - inner, inner)


# da [M, I], overwritten -> dgu, of gu's shape, which holds act(g) in du's place: du = da * act(g),
# dg = da * u * act'(g); without a gate du = da * act'(u).
def backward(da: Tensor, gu: Tensor, kind: int, dgu: Tensor) -> NoneType:
  inner = da.size(1)
  if gu.size(1) == inner:
    __torch__.nn.activation.backward(da, gu, kind, dgu)
  else:
    dgu.narrow(1, inner, inner).mul_(da)
    da.mul_(gu.narrow(1, inner, inner))
    __torch__.nn.activation.backward(da, gu.narrow(1, 0, inner), kind, dgu.narrow(1, 0, inner))
  return None
