# The norm that a layer's input goes through: RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467),
# y = h / rms(h) * g, rms(h) = sqrt(mean(h^2) + eps), or LayerNorm where there is a bias (layer_norm.py).
#
# M tokens, H features. Statistics are fp32 whatever h is; g is fp32.


class Norm:
  g : Tensor    # [H] fp32, or empty where there is no norm
  b : Tensor    # [H] fp32, the bias of a LayerNorm; empty for RMSNorm
  eps : float
  gradient : Tensor       # [H] fp32 where g is trained, else empty
  gradient_bias : Tensor  # likewise of b

  def __init__(self, g: Tensor, b: Tensor, eps: float) -> NoneType:
    self.g = g
    self.b = b
    self.eps = eps
    self.gradient = g[:0]
    self.gradient_bias = g[:0]
    return None

  # Where the gradients of g and b are added, which a layer's norms may share.
  def train(self, gradient: Tensor, gradient_bias: Tensor) -> NoneType:
    self.gradient = gradient
    self.gradient_bias = gradient_bias
    return None

  # Whether there is none.
  def missing(self) -> bool:
    return self.g.numel() == 0

  # Whether it is a LayerNorm.
  def centred(self) -> bool:
    return self.b.numel() > 0


# h [M, H] compute type -> out [M, H] compute type; returns what backward wants: 1 / rms(h), [M, 1] fp32, or a LayerNorm's
# statistics. wide: fp32 scratch of M rows.
def forward(h: Tensor, norm: __torch__.nn.norm.Norm, out: Tensor, wide: Tensor) -> Tensor:
  x = __torch__.nn.number.widened(h, wide)
  if norm.centred():
    return __torch__.nn.layer_norm.forward(x, norm.g, norm.b, norm.eps, out)
  r = torch.linalg_vector_norm(x, 2.0, [1], True)
  r.square_().div_(h.size(1)).add_(norm.eps).rsqrt_()
  __torch__.nn.norm.scaled(x, r, norm.g, out)
  return r


# The forward's output once more, from what it returned.
def again(h: Tensor, r: Tensor, norm: __torch__.nn.norm.Norm, out: Tensor, wide: Tensor) -> NoneType:
  x = __torch__.nn.number.widened(h, wide)
  if norm.centred():
    __torch__.nn.layer_norm.forward(x, norm.g, norm.b, norm.eps, out)
  else:
    __torch__.nn.norm.scaled(x, r, norm.g, out)
  return None


# x [M, H] fp32 -> out = x * r * g; x is overwritten where out is of another type.
def scaled(x: Tensor, r: Tensor, g: Tensor, out: Tensor) -> NoneType:
  if out.dtype == x.dtype:
    torch.mul(x, r, out=out)
    out.mul_(g)
  else:
    out.copy_(x.mul_(r).mul_(g))
  return None


# dy [M, H] fp32, overwritten; dh [M, H] fp32 += the gradient of h, for RMSNorm r * dy g - h * r^3 * sum(dy g h) / H; and
# that of g, the sum of dy h r over the tokens, where it is trained. wide, product: fp32 scratch.
def backward(dy: Tensor, h: Tensor, r: Tensor, norm: __torch__.nn.norm.Norm, dh: Tensor, wide: Tensor, product: Tensor) -> NoneType:
  x = __torch__.nn.number.widened(h, wide)
  if norm.centred():
    __torch__.nn.layer_norm.backward(dy, x, r, norm.g, norm.b, dh, norm.gradient, norm.gradient_bias)
  else:
    if norm.gradient.numel() > 0:
      norm.gradient.add_(torch.sum(torch.mul(dy, x, out=product[:dy.size(0)]).mul_(r), [0]))
    dy.mul_(norm.g)
    c = torch.sum(torch.mul(dy, x, out=product[:dy.size(0)]), [1], True)
    c.mul_(r).mul_(r).mul_(r).div_(-h.size(1))
    dh.addcmul_(dy, r)
    dh.addcmul_(x, c)
  return None
