# The output head with its loss: l = log softmax(x E^T), loss = -sum of l at the targets.
#
# N supervised tokens, H features, V vocabulary. Only a few rows of [N, V] exist at a time, and where E is stored in
# another type than the compute type only a few rows of E are widened at a time.


class Head:
  weight : Tensor    # E [V, H], storage type, memory-mapped
  scratch : Tensor   # compute type; empty where storage and compute type agree
  l : Tensor         # [tokens at a time, V] compute type: logits, then their gradient
  wide : Tensor      # the same in fp32, where the compute type is another

  def __init__(self, weight: Tensor, scratch: Tensor, rows: int, compute: int) -> NoneType:
    fp32 = __torch__.nn.number.fp32()
    self.weight = weight
    self.scratch = scratch
    self.l = torch.empty([rows, weight.size(0)], dtype=compute, device=weight.device)
    self.wide = self.l
    if compute != fp32:
      self.wide = torch.empty([rows, weight.size(0)], dtype=fp32, device=weight.device)
    return None

  # Vocabulary rows that are widened at a time.
  def block(self) -> int:
    if self.scratch.numel() == 0:
      return self.weight.size(0)
    return self.scratch.numel() // self.weight.size(1)

  # Rows [start, end) of E in the compute type.
  def e(self, start: int, end: int) -> Tensor:
    w = self.weight[start:end]
    if self.scratch.numel() == 0:
      return w
    return self.scratch[:w.numel()].view(w.size()).copy_(w)


# x [n, H] -> out [n, V].
def logits(head: __torch__.nn.head.Head, x: Tensor, out: Tensor) -> NoneType:
  v = head.weight.size(0)
  step = head.block()
  for start in range(0, v, step):
    end = min(start + step, v)
    torch.mm(x, head.e(start, end).t(), out=out.narrow(1, start, end - start))
  return None


# dl [n, V] -> dx [n, H], overwritten.
def logits_backward(head: __torch__.nn.head.Head, dl: Tensor, dx: Tensor) -> NoneType:
  v = head.weight.size(0)
  step = head.block()
  for start in range(0, v, step):
    end = min(start + step, v)
    keep = 1
    if start == 0:
      keep = 0
    dx.addmm_(dl.narrow(1, start, end - start), head.e(start, end), beta=keep)
  return None


# x [N, H], targets [N] int64 -> log-probabilities of the targets, [N] fp32. Where dx [N, H] has rows they are
# overwritten with d(loss)/dx: (softmax - one-hot) E.
def forward_backward(head: __torch__.nn.head.Head, x: Tensor, targets: Tensor, dx: Tensor) -> Tensor:
  n = x.size(0)
  v = head.weight.size(0)
  most = head.l.size(0)
  found = torch.empty([n], dtype=head.wide.dtype, device=x.device)
  row_starts = torch.arange(most, device=x.device).mul_(v)
  for start in range(0, n, most):
    end = min(start + most, n)
    l = head.l[:end - start]
    __torch__.nn.head.logits(head, x[start:end], l)
    p = __torch__.nn.number.widened(l, head.wide)
    torch._log_softmax(p, 1, False, out=p)
    at = row_starts[:end - start].add(targets[start:end])
    lt = p.view([-1]).index_select(0, at)
    found[start:end].copy_(lt)
    if dx.size(0) > 0:
      p.exp_()
      p.view([-1]).index_copy_(0, at, lt.exp_().sub_(1.))
      if l.dtype != p.dtype:
        l.copy_(p)
      __torch__.nn.head.logits_backward(head, l, dx[start:end])
  return found
