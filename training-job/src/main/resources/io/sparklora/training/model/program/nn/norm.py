# RMSNorm (Zhang and Sennrich 2019, arXiv 1910.07467): y = h / rms(h) * g, rms(h) = sqrt(mean(h^2) + eps).
#
# M tokens, H features. Statistics are fp32 whatever h is; g is fp32.


# h [M, H] compute type -> out [M, H] compute type; returns 1 / rms(h), [M, 1] fp32. wide: fp32 scratch of M rows.
def forward(h: Tensor, g: Tensor, eps: float, out: Tensor, wide: Tensor) -> Tensor:
  x = __torch__.nn.number.widened(h, wide)
  r = torch.linalg_vector_norm(x, 2.0, [1], True)
  r.square_().div_(h.size(1)).add_(eps).rsqrt_()
  __torch__.nn.norm.scaled(x, r, g, out)
  return r


# The forward's output once more, from the saved 1 / rms(h).
def again(h: Tensor, r: Tensor, g: Tensor, out: Tensor, wide: Tensor) -> NoneType:
  __torch__.nn.norm.scaled(__torch__.nn.number.widened(h, wide), r, g, out)
  return None


# x [M, H] fp32 -> out = x * r * g; x is overwritten where out is of another type.
def scaled(x: Tensor, r: Tensor, g: Tensor, out: Tensor) -> NoneType:
  if out.dtype == x.dtype:
    torch.mul(x, r, out=out)
    out.mul_(g)
  else:
    out.copy_(x.mul_(r).mul_(g))
  return None


# dy [M, H] fp32, overwritten; dh [M, H] fp32 += r * dy g - h * r^3 * sum(dy g h) / H. wide, product: fp32 scratch.
def backward(dy: Tensor, h: Tensor, r: Tensor, g: Tensor, dh: Tensor, wide: Tensor, product: Tensor) -> NoneType:
  x = __torch__.nn.number.widened(h, wide)
  dy.mul_(g)
  c = torch.sum(torch.mul(dy, x, out=product[:dy.size(0)]), [1], True)
  c.mul_(r).mul_(r).mul_(r).div_(-h.size(1))
  dh.addcmul_(dy, r)
  dh.addcmul_(x, c)
  return None
