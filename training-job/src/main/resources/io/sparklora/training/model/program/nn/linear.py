# A frozen linear layer with LoRA branches: y = x W^T + c + s (x A^T) B^T (Hu et al. 2021, arXiv 2106.09685).
#
# One Linear is one or more of the model's layers that read the same input, their outputs side by side (q k v; gate up),
# so that one product with W and one with A serve all. M tokens, K inputs, N outputs of all members, r rank,
# m members that carry a branch.


class Linear:
  weight : Tensor          # [N, K], storage type, memory-mapped
  bias : Tensor            # c [N] compute type, or empty
  scratch : Tensor         # at least N * K elements of the compute type; empty where storage and compute type agree
  a : Tensor               # [m r, K] compute type, the members' A one below the other
  b : List[Tensor]         # m x [Nj, r] compute type
  first : List[int]        # m x index of the member's first output
  scale : float            # s = alpha / r
  gradient_a : Tensor      # [m r, K] fp32
  gradient_b : List[Tensor]  # m x [Nj, r] fp32

  def __init__(self, weight: Tensor, bias: Tensor, scratch: Tensor, a: Tensor, b: List[Tensor], first: List[int], scale: float, gradient_a: Tensor, gradient_b: List[Tensor]) -> NoneType:
    self.weight = weight
    self.bias = bias
    self.scratch = scratch
    self.a = a
    self.b = b
    self.first = first
    self.scale = scale
    self.gradient_a = gradient_a
    self.gradient_b = gradient_b
    return None

  # W in the compute type; where it is stored in another type, in a scratch that the next Linear overwrites.
  def w(self) -> Tensor:
    if self.scratch.numel() == 0:
      return self.weight
    return self.scratch[:self.weight.numel()].view(self.weight.size()).copy_(self.weight)

  def rank(self) -> int:
    return self.b[0].size(1)


# x [M, K] -> out [M, N] = keep * out + y; returns t = s x A^T, [M, m r], which backward wants (empty without branches).
def forward(layer: __torch__.nn.linear.Linear, x: Tensor, out: Tensor, keep: int, adapted: bool) -> Tensor:
  out.addmm_(x, layer.w().t(), beta=keep)
  if layer.bias.numel() > 0:
    out.add_(layer.bias)
  if not adapted or len(layer.b) == 0:
    return torch.empty([0, 0], dtype=x.dtype, device=x.device)
  t = torch.mm(x, layer.a.t()).mul_(layer.scale)
  r = layer.rank()
  for j in range(len(layer.b)):
    b = layer.b[j]
    out.narrow(1, layer.first[j], b.size(0)).addmm_(t.narrow(1, j * r, r), b.t())
  return t


# dy [M, N], x [M, K], t as forward returned it -> dx [M, K], overwritten, and the gradients of A and B.
def backward(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor, t: Tensor, dx: Tensor) -> NoneType:
  torch.mm(dy, layer.w(), out=dx)
  if len(layer.b) > 0:
    dx.addmm_(__torch__.nn.linear.gradients(layer, dy, x, t), layer.a)
  return None


# The gradients of A and B alone, for a layer whose input needs none; returns dt = s dy B, [M, m r].
def gradients(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor, t: Tensor) -> Tensor:
  r = layer.rank()
  dt = torch.empty_like(t)
  for j in range(len(layer.b)):
    b = layer.b[j]
    dyj = dy.narrow(1, layer.first[j], b.size(0))
    layer.gradient_b[j].copy_(torch.mm(t.narrow(1, j * r, r).t(), dyj).t())
    torch.mm(dyj, b, out=dt.narrow(1, j * r, r))
  dt.mul_(layer.scale)
  layer.gradient_a.copy_(torch.mm(dt.t(), x))
  return dt
