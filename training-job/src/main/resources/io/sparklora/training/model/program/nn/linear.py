# A linear layer, frozen with LoRA branches: y = x W^T + c + s (x A^T) B^T (Hu et al. 2021, arXiv 2106.09685); with DoRA,
# all but c is multiplied by magnitude.py's factors.
#
# One Linear is one or more of the model's layers that read the same input, their outputs side by side (q k v; gate up),
# so that one product with W and one with all A serve them. M tokens, K inputs, N outputs of all layers; m branches of
# ranks rj on Nj of the outputs, R the sum of the ranks. Where every weight is trained there are no branches, but gradients
# of W and c.


class Linear:
  weight : Tensor          # [N, K], storage type, memory-mapped
  bias : Tensor            # c [N] compute type, or empty
  scratch : Tensor         # at least N * K elements of the compute type; empty where storage and compute type agree
  a : Tensor               # [R, K] compute type, the branches' A one below the other
  b : List[Tensor]         # m x [Nj, rj] compute type
  first : List[int]        # m x index of the branch's first output
  factors : List[float]    # m x s
  scale : float            # s of all branches, where they agree
  scales : Tensor          # [R] compute type, s of each row of a, where they differ; else empty
  magnitude : __torch__.nn.magnitude.Magnitude
  dropout : __torch__.nn.dropout.Dropout  # of the branches' input
  number : int             # the layer's, for its masks
  gradient_a : Tensor      # [R, K] fp32
  gradient_b : List[Tensor]  # m x [Nj, rj] fp32
  gradient : Tensor        # [N, K] fp32 where W is trained, else empty
  gradient_bias : Tensor   # [N] fp32 where c is trained, else empty

  def __init__(self, weight: Tensor, bias: Tensor, scratch: Tensor, a: Tensor, gradient_a: Tensor, dropout: __torch__.nn.dropout.Dropout, number: int) -> NoneType:
    self.weight = weight
    self.bias = bias
    self.scratch = scratch
    self.a = a
    self.b = annotate(List[Tensor], [])
    self.first = annotate(List[int], [])
    self.factors = annotate(List[float], [])
    self.scale = 1.
    self.scales = torch.empty([0], dtype=a.dtype, device=a.device)
    self.magnitude = __torch__.nn.magnitude.Magnitude(a)
    self.dropout = dropout
    self.number = number
    self.gradient_a = gradient_a
    self.gradient_b = annotate(List[Tensor], [])
    self.gradient = gradient_a[:0]
    self.gradient_bias = gradient_a[:0]
    return None

  # Where the gradients of W and c go.
  def train(self, gradient: Tensor, gradient_bias: Tensor) -> NoneType:
    self.gradient = gradient
    self.gradient_bias = gradient_bias
    return None

  # Adds a branch below the others.
  def add(self, first: int, b: Tensor, gradient_b: Tensor) -> NoneType:
    self.first.append(first)
    self.b.append(b)
    self.gradient_b.append(gradient_b)
    return None

  # Sets the branches' factors.
  def scaled(self, factors: List[float]) -> NoneType:
    self.factors = factors
    if len(factors) > 0:
      self.scale = factors[0]
    if max(factors + [self.scale]) != min(factors + [self.scale]):
      of_rows : List[Tensor] = []
      for j in range(len(factors)):
        of_rows.append(torch.full([self.b[j].size(1)], factors[j], dtype=self.a.dtype, device=self.a.device))
      self.scales = torch.cat(of_rows)
    return None

  # What the branches read of x [M, K].
  def read(self, x: Tensor) -> Tensor:
    if self.dropout.active:
      return self.dropout.of(x, self.number)
    return x

  # Multiplies columns t [M, R] with the branches' factors.
  def scale_columns(self, t: Tensor) -> Tensor:
    if self.dropout.active:
      t.mul_(self.dropout.factor())
    if self.scales.numel() > 0:
      return t.mul_(self.scales)
    return t.mul_(self.scale)

  # To be called when the parameters have changed.
  def refresh(self) -> NoneType:
    if self.magnitude.is_there():
      __torch__.nn.magnitude.refresh(self.magnitude, self.w(), self.first, self.a, self.b, self.factors)
    return None

  # W in the compute type; where it is stored in another type, in a scratch that the next Linear overwrites.
  def w(self) -> Tensor:
    if self.scratch.numel() == 0:
      return self.weight
    return self.scratch[:self.weight.numel()].view(self.weight.size()).copy_(self.weight)


# x [M, K] -> out [M, N] = keep * out + y; returns t = s x A^T, [M, R], which backward wants (empty without branches).
def forward(layer: __torch__.nn.linear.Linear, x: Tensor, out: Tensor, keep: int, adapted: bool) -> Tensor:
  if adapted and layer.magnitude.is_there():
    return __torch__.nn.linear.forward_multiplied(layer, x, out, keep)
  out.addmm_(x, layer.w().t(), beta=keep)
  if layer.bias.numel() > 0:
    out.add_(layer.bias)
  if not adapted or len(layer.b) == 0:
    return torch.empty([0, 0], dtype=x.dtype, device=x.device)
  t = layer.scale_columns(torch.mm(layer.read(x), layer.a.t()))
  __torch__.nn.linear.add_branches(layer, t, out)
  return t


# out [M, N] += t B^T, branch by branch.
def add_branches(layer: __torch__.nn.linear.Linear, t: Tensor, out: Tensor) -> NoneType:
  column = 0
  for j in range(len(layer.b)):
    b = layer.b[j]
    out.narrow(1, layer.first[j], b.size(0)).addmm_(t.narrow(1, column, b.size(1)), b.t())
    column += b.size(1)
  return None


# forward with DoRA.
def forward_multiplied(layer: __torch__.nn.linear.Linear, x: Tensor, out: Tensor, keep: int) -> Tensor:
  u = torch.mm(x, layer.w().t())
  t = layer.scale_columns(torch.mm(layer.read(x), layer.a.t()))
  __torch__.nn.linear.add_branches(layer, t, u)
  __torch__.nn.magnitude.forward(layer.magnitude, u)
  if layer.bias.numel() > 0:
    u.add_(layer.bias)
  if keep == 1:
    out.add_(u)
  else:
    out.copy_(u)
  return t


# dy [M, N], x [M, K], t as forward returned it -> dx [M, K], overwritten, and the gradients of what is trained.
def backward(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor, t: Tensor, dx: Tensor) -> NoneType:
  __torch__.nn.linear.whole_gradients(layer, dy, x)
  du = __torch__.nn.linear.before_multiplication(layer, dy, x, t)
  torch.mm(du, layer.w(), out=dx)
  if len(layer.b) > 0:
    dt = __torch__.nn.linear.factor_gradients(layer, du, x, t)
    if layer.dropout.active:
      dx.add_(layer.read(torch.mm(dt, layer.a)))
    else:
      dx.addmm_(dt, layer.a)
  return None


# The gradients of W = dy^T x, one product in the compute type, and of c, where they are trained.
def whole_gradients(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor) -> NoneType:
  if layer.gradient.numel() > 0:
    if layer.gradient.dtype == dy.dtype:
      torch.mm(dy.t(), x, out=layer.gradient)
    else:
      layer.gradient.copy_(torch.mm(dy.t(), x))
  if layer.gradient_bias.numel() > 0:
    layer.gradient_bias.copy_(torch.sum(dy, [0], False, dtype=__torch__.nn.number.fp32()))
  return None


# The gradients of A, B and magnitudes alone, for a layer whose input needs none.
def gradients(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor, t: Tensor) -> NoneType:
  __torch__.nn.linear.factor_gradients(layer, __torch__.nn.linear.before_multiplication(layer, dy, x, t), x, t)
  return None


# dy [M, N] -> the gradient before DoRA's multiplication, and those of the magnitudes; what was multiplied is computed
# again.
def before_multiplication(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor, t: Tensor) -> Tensor:
  if not layer.magnitude.is_there():
    return dy
  u = torch.mm(x, layer.w().t())
  __torch__.nn.linear.add_branches(layer, t, u)
  return __torch__.nn.magnitude.backward(layer.magnitude, dy, u, layer.first)


# The gradients of A and B; returns dt = s dy B, [M, R].
def factor_gradients(layer: __torch__.nn.linear.Linear, dy: Tensor, x: Tensor, t: Tensor) -> Tensor:
  dt = torch.empty_like(t)
  column = 0
  for j in range(len(layer.b)):
    b = layer.b[j]
    r = b.size(1)
    dyj = dy.narrow(1, layer.first[j], b.size(0))
    layer.gradient_b[j].copy_(torch.mm(t.narrow(1, column, r).t(), dyj).t())
    torch.mm(dyj, b, out=dt.narrow(1, column, r))
    column += r
  layer.scale_columns(dt)
  layer.gradient_a.copy_(torch.mm(dt.t(), layer.read(x)))
  return dt
