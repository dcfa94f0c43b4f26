# How a block takes in its input and adds its output: x = norm(h), out = h + m norm'(y), where either norm may be missing
# and m is Granite's residual multiplier, 1 elsewhere.
#
# M tokens, H features; y = layer(x). Where y is added as it is, one product adds it.


# h [M, H] -> x [M, H] compute type; returns the norm's statistics, or an empty tensor without a norm.
def enter(h: Tensor, norm: __torch__.nn.norm.Norm, x: Tensor, wide: Tensor) -> Tensor:
  if norm.missing():
    x.copy_(h)
    return torch.empty_like(norm.g)
  return __torch__.nn.norm.forward(h, norm, x, wide)


# enter's output once more, from the saved statistics.
def enter_again(h: Tensor, r: Tensor, norm: __torch__.nn.norm.Norm, x: Tensor, wide: Tensor) -> NoneType:
  if norm.missing():
    x.copy_(h)
  else:
    __torch__.nn.norm.again(h, r, norm, x, wide)
  return None


# dx [M, H] compute type; dh [M, H] fp32 += the gradient of h by way of x. wide, wide2, wide3: fp32 scratch.
def enter_backward(dx: Tensor, h: Tensor, r: Tensor, norm: __torch__.nn.norm.Norm, dh: Tensor, wide: Tensor, wide2: Tensor, wide3: Tensor) -> NoneType:
  dy = __torch__.nn.number.widened(dx, wide2)
  if norm.missing():
    dh.add_(dy)
  else:
    __torch__.nn.norm.backward(dy, h, r, norm, dh, wide, wide3)
  return None


# Whether y is added as it is.
def plain(norm: __torch__.nn.norm.Norm, multiplier: float) -> bool:
  return norm.missing() and multiplier == 1.


# Fills out [M, H] and, where it is not plain, y [M, H]; returns what the layer's backward wants, and the norm's
# statistics or an empty tensor. normed [M, H] compute type and wide are scratch.
def leave(layer: __torch__.nn.linear.Linear, x: Tensor, h: Tensor, norm: __torch__.nn.norm.Norm, multiplier: float, adapted: bool, y: Tensor, normed: Tensor, wide: Tensor, out: Tensor) -> Tuple[Tensor, Tensor]:
  r = torch.empty_like(norm.g)
  if __torch__.nn.residual.plain(norm, multiplier):
    out.copy_(h)
    return (__torch__.nn.linear.forward(layer, x, out, 1, adapted), r)
  t = __torch__.nn.linear.forward(layer, x, y, 0, adapted)
  added = y
  if not norm.missing():
    added = normed
    r = __torch__.nn.norm.forward(y, norm, normed, wide)
  torch.add(h, added, alpha=multiplier, out=out)
  return (t, r)


# dh [M, H] fp32, the gradient of out, which is kept: h's own -> that of y, in the compute type, in dy or dh itself.
# wide, wide2, wide3: fp32 scratch.
def leave_backward(dh: Tensor, y: Tensor, r: Tensor, norm: __torch__.nn.norm.Norm, multiplier: float, dy: Tensor, wide: Tensor, wide2: Tensor, wide3: Tensor) -> Tensor:
  if __torch__.nn.residual.plain(norm, multiplier):
    return __torch__.nn.number.widened(dh, dy)
  scaled = torch.mul(dh, multiplier, out=wide2)
  if norm.missing():
    return dy.copy_(scaled)
  before = torch.zeros_like(dh)
  __torch__.nn.norm.backward(scaled, y, r, norm, before, wide, wide3)
  return dy.copy_(before)
