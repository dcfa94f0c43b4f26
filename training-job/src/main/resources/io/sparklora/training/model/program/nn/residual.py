# How a block takes in its input and adds its output: x = norm(h), out = h + m norm'(y), where either norm may be missing
# (an empty weight) and m is Granite's residual multiplier, 1 elsewhere.
#
# M tokens, H features; y = layer(x). Where y is added as it is, one product adds it.


# h [M, H] -> x [M, H] compute type; returns 1 / rms(h), or an empty tensor without a norm.
def enter(h: Tensor, g: Tensor, eps: float, x: Tensor, wide: Tensor) -> Tensor:
  if g.numel() == 0:
    x.copy_(h)
    return torch.empty_like(g)
  return __torch__.nn.norm.forward(h, g, eps, x, wide)


# enter's output once more, from the saved 1 / rms(h).
def enter_again(h: Tensor, r: Tensor, g: Tensor, x: Tensor, wide: Tensor) -> NoneType:
  if g.numel() == 0:
    x.copy_(h)
  else:
    __torch__.nn.norm.again(h, r, g, x, wide)
  return None


# dx [M, H] compute type; dh [M, H] fp32 += the gradient of h by way of x. wide, wide2, wide3: fp32 scratch.
def enter_backward(dx: Tensor, h: Tensor, r: Tensor, g: Tensor, dh: Tensor, wide: Tensor, wide2: Tensor, wide3: Tensor) -> NoneType:
  dy = __torch__.nn.number.widened(dx, wide2)
  if g.numel() == 0:
    dh.add_(dy)
  else:
    __torch__.nn.norm.backward(dy, h, r, g, dh, wide, wide3)
  return None


# Whether y is added as it is.
def plain(g: Tensor, multiplier: float) -> bool:
  return g.numel() == 0 and multiplier == 1.


# Fills out [M, H] and, where it is not plain, y [M, H]; returns what the layer's backward wants, and 1 / rms(y) or an
# empty tensor. normed [M, H] compute type and wide are scratch.
def leave(layer: __torch__.nn.linear.Linear, x: Tensor, h: Tensor, g: Tensor, multiplier: float, eps: float, adapted: bool, y: Tensor, normed: Tensor, wide: Tensor, out: Tensor) -> Tuple[Tensor, Tensor]:
  r = torch.empty_like(g)
  if __torch__.nn.residual.plain(g, multiplier):
    out.copy_(h)
    return (__torch__.nn.linear.forward(layer, x, out, 1, adapted), r)
  t = __torch__.nn.linear.forward(layer, x, y, 0, adapted)
  added = y
  if g.numel() > 0:
    added = normed
    r = __torch__.nn.norm.forward(y, g, eps, normed, wide)
  torch.add(h, added, alpha=multiplier, out=out)
  return (t, r)


# dh [M, H] fp32, the gradient of out, which is kept: h's own -> that of y, in the compute type, in dy or dh itself.
# wide, wide2, wide3: fp32 scratch.
def leave_backward(dh: Tensor, y: Tensor, r: Tensor, g: Tensor, multiplier: float, dy: Tensor, wide: Tensor, wide2: Tensor, wide3: Tensor) -> Tensor:
  if __torch__.nn.residual.plain(g, multiplier):
    return __torch__.nn.number.widened(dh, dy)
  scaled = torch.mul(dh, multiplier, out=wide2)
  if g.numel() == 0:
    return dy.copy_(scaled)
  before = torch.zeros_like(dh)
  __torch__.nn.norm.backward(scaled, y, r, g, before, wide, wide3)
  return dy.copy_(before)
