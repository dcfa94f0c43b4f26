# RMSNorm of queries or keys, over each head alone (Qwen 3, Gemma 3) or over all heads together (OLMo 2).
#
# M tokens, P columns in groups of W, which share their weights g [W]. Statistics are fp32 whatever x is; g is fp32.


# x [M, P] in fp32, a group a row: [M, P / W, W] in the front of scratch.
def grouped(x: Tensor, width: int, scratch: Tensor) -> Tensor:
  return scratch[:x.numel()].view(x.size()).copy_(x).view([x.size(0), x.size(1) // width, width])


# x [M, P] -> out [M, P], which may be x; returns 1 / rms, [M, P / W, 1] fp32. wide: fp32 scratch of M * P elements.
def forward(x: Tensor, g: Tensor, eps: float, out: Tensor, wide: Tensor) -> Tensor:
  h = __torch__.nn.head_norm.grouped(x, g.size(0), wide)
  r = torch.linalg_vector_norm(h, 2.0, [2], True)
  r.square_().div_(g.size(0)).add_(eps).rsqrt_()
  out.copy_(h.mul_(r).mul_(g).view(x.size()))
  return r


# dx [M, P] holds the gradient of the output and gets that of the input: r dy g - x r^3 sum(dy g x) / W, a group each;
# gradient [W] fp32, where it is not empty, gets that of g. wide, wide2: fp32 scratch of M * P elements.
def backward(dx: Tensor, x: Tensor, r: Tensor, g: Tensor, gradient: Tensor, wide: Tensor, wide2: Tensor) -> NoneType:
  dy = __torch__.nn.head_norm.grouped(dx, g.size(0), wide)
  h = __torch__.nn.head_norm.grouped(x, g.size(0), wide2)
  if gradient.numel() > 0:
    gradient.copy_(torch.sum(torch.mul(dy, h).mul_(r), [0, 1]))
  dy.mul_(g)
  c = torch.sum(torch.mul(dy, h), [2], True)
  c.mul_(r).mul_(r).mul_(r).div_(-g.size(0))
  dx.copy_(dy.mul_(r).addcmul_(h, c).view(x.size()))
  return None
