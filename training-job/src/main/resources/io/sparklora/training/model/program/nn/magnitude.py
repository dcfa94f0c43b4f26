# DoRA (Liu et al. 2024, arXiv 2402.09353): each output of W x + s B A x is multiplied by g_j = m_j / ||V_j||, V = W + s B A.
# As PEFT does, the norm counts as a constant in the gradient.
#
# N outputs, K inputs, M tokens; a branch of rank r on Nj of the outputs.


class Magnitude:
  shift : Tensor       # g - 1, [N] compute type, 0 where no branch is; empty for plain LoRA
  norms : Tensor       # ||V_j||, [N] fp32
  squares : Tensor     # ||W_j||^2, [N] fp32
  m : List[Tensor]     # a branch each, [Nj] fp32, in the order of the branches
  gradient : List[Tensor]  # a branch each, [Nj] fp32

  def __init__(self, like: Tensor) -> NoneType:
    self.shift = torch.empty([0], dtype=like.dtype, device=like.device)
    self.norms = torch.empty([0], dtype=__torch__.nn.number.fp32(), device=like.device)
    self.squares = torch.empty([0], dtype=__torch__.nn.number.fp32(), device=like.device)
    self.m = annotate(List[Tensor], [])
    self.gradient = annotate(List[Tensor], [])
    return None

  def add(self, m: Tensor, gradient: Tensor) -> NoneType:
    self.m.append(m)
    self.gradient.append(gradient)
    return None

  # Whether outputs are multiplied at all.
  def is_there(self) -> bool:
    return len(self.m) > 0


# w [N, K]; first: the branches' first outputs; a [R, K], b m x [Nj, rj]; factors m x s. To be called whenever the
# parameters change. ||V_j||^2 = ||W_j||^2 + 2 s b_j (A W_j^T) + s^2 b_j (A A^T) b_j^T, so that V is never there.
def refresh(magnitude: __torch__.nn.magnitude.Magnitude, w: Tensor, first: List[int], a: Tensor, b: List[Tensor], factors: List[float]) -> NoneType:
  fp32 = __torch__.nn.number.fp32()
  if magnitude.squares.numel() == 0:
    magnitude.squares = torch.linalg_vector_norm(w, 2.0, [1], False, dtype=fp32).square_()
  magnitude.norms = torch.ones_like(magnitude.squares)
  magnitude.shift = torch.zeros([w.size(0)], dtype=w.dtype, device=w.device)
  column = 0
  for j in range(len(b)):
    rows = b[j].size(0)
    r = b[j].size(1)
    aj = a.narrow(0, column, r)
    bj = b[j].to(fp32)
    cross = torch.mm(w.narrow(0, first[j], rows), aj.t()).to(fp32).mul_(bj).sum([1]).mul_(2. * factors[j])
    wide = aj.to(fp32)
    own = torch.mm(bj, torch.mm(wide, wide.t())).mul_(bj).sum([1]).mul_(factors[j] * factors[j])
    norm = magnitude.norms.narrow(0, first[j], rows)
    norm.copy_(magnitude.squares.narrow(0, first[j], rows).add(cross).add_(own).sqrt_())
    magnitude.shift.narrow(0, first[j], rows).copy_(torch.div(magnitude.m[j], norm).sub_(1.))
    column += r
  return None


# u [M, N] = W x + s B A x, multiplied in place.
def forward(magnitude: __torch__.nn.magnitude.Magnitude, u: Tensor) -> NoneType:
  u.add_(torch.mul(u, magnitude.shift))
  return None


# dy [M, N], u [M, N] before the multiplication -> the gradient of u; and those of m.
def backward(magnitude: __torch__.nn.magnitude.Magnitude, dy: Tensor, u: Tensor, first: List[int]) -> Tensor:
  sums = torch.sum(torch.mul(dy, u), [0], False, dtype=__torch__.nn.number.fp32()).div_(magnitude.norms)
  for j in range(len(magnitude.m)):
    magnitude.gradient[j].copy_(sums.narrow(0, first[j], magnitude.gradient[j].size(0)))
  return torch.add(dy, torch.mul(dy, magnitude.shift))
