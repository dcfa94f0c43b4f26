# LayerNorm (Ba et al. 2016, arXiv 1607.06450): y = (x - mean(x)) / sqrt(var(x) + eps) * g + b.
#
# M tokens, H features, all fp32.


# x [M, H] -> out [M, H] in its own type; returns mean and 1 / sqrt(var + eps) side by side, [M, 2].
def forward(x: Tensor, g: Tensor, b: Tensor, eps: float, out: Tensor) -> Tensor:
  y, mean, r = torch.native_layer_norm(x, [x.size(1)], g, b, eps)
  out.copy_(y)
  return torch.cat([mean, r], 1)


# dy, x [M, H], statistics as forward returned them; dh [M, H] += the gradient of x; gradient and
# gradient_bias [H] += those of g and b, each where it is not empty.
def backward(dy: Tensor, x: Tensor, statistics: Tensor, g: Tensor, b: Tensor, dh: Tensor, gradient: Tensor, gradient_bias: Tensor) -> NoneType:
  mean = statistics.narrow(1, 0, 1).contiguous()
  r = statistics.narrow(1, 1, 1).contiguous()
  dx, dg, db = torch.native_layer_norm_backward(dy, x, [x.size(1)], mean, r, g, b, [True, gradient.numel() > 0, gradient_bias.numel() > 0])
  dh.add_(dx)
  if gradient.numel() > 0:
    gradient.add_(dg)
  if gradient_bias.numel() > 0:
    gradient_bias.add_(db)
  return None
