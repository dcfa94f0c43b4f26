# The output head with its loss: l = log softmax(cap(f x E^T)), loss = -sum of l at the targets.
#
# N supervised tokens, H features, V vocabulary. Only a few rows of [N, V] exist at a time, and where E is stored in
# another type than the compute type only a few rows of E are widened at a time. Where E is trained whole (PEFT's
# modules_to_save, or with every weight) the head has an E and a gradient of its own.


class Head:
  weight : Tensor    # E [V, H], storage type, memory-mapped
  own : Tensor       # E [V, H] of the adapter, compute type; empty where it has none
  gradient : Tensor  # [V, H] fp32, likewise
  factor : float     # f
  cap : float        # soft cap of the logits, 0 for none
  scratch : Tensor   # compute type; empty where storage and compute type agree
  l : Tensor         # [tokens at a time, V] compute type: logits, then their gradient
  wide : Tensor      # the same in fp32, where the compute type is another

  def __init__(self, weight: Tensor, own: Tensor, gradient: Tensor, factor: float, cap: float, scratch: Tensor, rows: int, compute: int) -> NoneType:
    fp32 = __torch__.nn.number.fp32()
    self.weight = weight
    self.own = own
    self.gradient = gradient
    self.factor = factor
    self.cap = cap
    self.scratch = scratch
    self.l = torch.empty([rows, weight.size(0)], dtype=compute, device=weight.device)
    self.wide = self.l
    if compute != fp32:
      self.wide = torch.empty([rows, weight.size(0)], dtype=fp32, device=weight.device)
    return None

  # l [n, V] = x E^T in fp32 becomes logits.
  def finish(self, l: Tensor) -> Tensor:
    if self.factor != 1.:
      l.mul_(self.factor)
    if self.cap > 0.:
      __torch__.nn.cap.forward(l, self.cap)
    return l

  # Of logits l [n, V] fp32: what finish_backward wants.
  def slope(self, l: Tensor) -> Tensor:
    if self.cap > 0.:
      return __torch__.nn.cap.slope(l, self.cap)
    return l[:0]

  # dl [n, V] fp32, the gradient of logits, becomes that of x E^T.
  def finish_backward(self, dl: Tensor, slope: Tensor) -> NoneType:
    if self.cap > 0.:
      dl.mul_(slope)
    if self.factor != 1.:
      dl.mul_(self.factor)
    return None

  # Whether E is the adapter's own.
  def is_own(self, adapted: bool) -> bool:
    return adapted and self.own.numel() > 0

  # Vocabulary rows that are in the compute type at a time.
  def block(self, adapted: bool) -> int:
    if self.scratch.numel() == 0 or self.is_own(adapted):
      return self.weight.size(0)
    return self.scratch.numel() // self.weight.size(1)

  # Rows [start, end) of E in the compute type.
  def e(self, start: int, end: int, adapted: bool) -> Tensor:
    if self.is_own(adapted):
      return self.own[start:end]
    w = self.weight[start:end]
    if self.scratch.numel() == 0:
      return w
    return self.scratch[:w.numel()].view(w.size()).copy_(w)


# x [n, H] -> out [n, V] = x E^T.
def products(head: __torch__.nn.head.Head, x: Tensor, adapted: bool, out: Tensor) -> NoneType:
  v = head.weight.size(0)
  step = head.block(adapted)
  for start in range(0, v, step):
    end = min(start + step, v)
    torch.mm(x, head.e(start, end, adapted).t(), out=out.narrow(1, start, end - start))
  return None


# dl [n, V] -> dx [n, H], overwritten. It is training that asks, so E is the adapter's where it has one.
def products_backward(head: __torch__.nn.head.Head, dl: Tensor, dx: Tensor) -> NoneType:
  v = head.weight.size(0)
  step = head.block(True)
  for start in range(0, v, step):
    end = min(start + step, v)
    keep = 1
    if start == 0:
      keep = 0
    dx.addmm_(dl.narrow(1, start, end - start), head.e(start, end, True), beta=keep)
  return None


# x [N, H], targets [N] int64 -> log-probabilities of the targets, [N] fp32. Where dx [N, H] has rows they are
# overwritten with d(loss)/dx: f cap' (softmax - one-hot) E, and the gradient of an E that is trained is
# (f cap' (softmax - one-hot))^T x, in fp32.
def forward_backward(head: __torch__.nn.head.Head, x: Tensor, targets: Tensor, adapted: bool, dx: Tensor) -> Tensor:
  n = x.size(0)
  v = head.weight.size(0)
  most = head.l.size(0)
  found = torch.empty([n], dtype=head.wide.dtype, device=x.device)
  row_starts = torch.arange(most, device=x.device).mul_(v)
  for start in range(0, n, most):
    end = min(start + most, n)
    l = head.l[:end - start]
    __torch__.nn.head.products(head, x[start:end], adapted, l)
    p = head.finish(__torch__.nn.number.widened(l, head.wide))
    slope = head.slope(p[:min(dx.size(0), p.size(0))])
    torch._log_softmax(p, 1, False, out=p)
    at = row_starts[:end - start].add(targets[start:end])
    lt = p.view([-1]).index_select(0, at)
    found[start:end].copy_(lt)
    if dx.size(0) > 0:
      p.exp_()
      p.view([-1]).index_copy_(0, at, lt.exp_().sub_(1.))
      head.finish_backward(p, slope)
      if head.is_own(adapted):
        head.gradient.addmm_(p.t(), x[start:end].to(p.dtype), beta=int(start > 0))
      if l.dtype != p.dtype:
        l.copy_(p)
      __torch__.nn.head.products_backward(head, l, dx[start:end])
  return found
