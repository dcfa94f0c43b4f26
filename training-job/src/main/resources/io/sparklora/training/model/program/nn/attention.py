# Causal attention inside each document, with G query heads a key-value head (grouped-query attention).
#
# M tokens; qkv [M, (Hq + 2 Hkv) D] holds queries, keys and values of one token side by side. The cost is that of the
# documents alone: nothing is computed across a border. Softmax statistics are fp32. fused_forward and fused_backward are
# PyTorch's flash operators for CPUs (Dao et al. 2022, arXiv 2205.14135); those of blocks.py run on any device and know
# windows, soft caps and linear biases.


# How one layer attends.
class Heads:
  queries : int   # Hq
  pairs : int     # Hkv
  size : int      # D
  scale : float   # of a query's product with a key
  window : int    # positions that a token sees, itself included; 0 where it sees all before it
  cap : float     # soft cap of the scores, 0 for none
  slopes : __torch__.nn.alibi.Slopes
  fused : bool    # by the fused operators where they can

  def __init__(self, queries: int, pairs: int, size: int, scale: float, window: int, cap: float, slopes: __torch__.nn.alibi.Slopes, fused: bool) -> NoneType:
    self.queries = queries
    self.pairs = pairs
    self.size = size
    self.scale = scale
    self.window = window
    self.cap = cap
    self.slopes = slopes
    self.fused = fused
    return None

  # Query heads a key-value head.
  def group(self) -> int:
    return self.queries // self.pairs

  # Columns of q, of k and of v in a document's rows of x, laid out as qkv: [Hkv, G or 1, n, D], not copied.
  def q(self, x: Tensor, start: int, n: int) -> Tensor:
    return __torch__.nn.attention.heads_of(x, start, n, 0, self.pairs, self.group(), self.size)

  def k(self, x: Tensor, start: int, n: int) -> Tensor:
    return __torch__.nn.attention.heads_of(x, start, n, self.queries * self.size, self.pairs, 1, self.size)

  def v(self, x: Tensor, start: int, n: int) -> Tensor:
    return __torch__.nn.attention.heads_of(x, start, n, (self.queries + self.pairs) * self.size, self.pairs, 1, self.size)

  # k or v once for every query head, by a stride of 0.
  def shared(self, x: Tensor) -> Tensor:
    return x.expand([self.pairs, self.group(), x.size(2), self.size])

  # Whether the fused operators, which know no window, cap or bias, compute these documents.
  def fuses(self, documents: List[int]) -> bool:
    return self.fused and self.cap == 0. and not self.slopes.there() and (self.window == 0 or max(documents) <= self.window)


# Views on the columns [first, first + heads * D) of tokens [start, start + n): [Hkv, heads / Hkv, n, D], not copied.
def heads_of(x: Tensor, start: int, n: int, first: int, kv_heads: int, group: int, size: int) -> Tensor:
  columns = x.narrow(0, start, n).narrow(1, first, kv_heads * group * size)
  return columns.view([n, kv_heads, group, size]).permute([1, 2, 0, 3])


# Fills out [M, Hq D]; returns for each document the log-sum-exp of its scores, [Hkv, G, n], where it is fused.
def forward(qkv: Tensor, documents: List[int], heads: __torch__.nn.attention.Heads, out: Tensor) -> List[Tensor]:
  if heads.fuses(documents):
    return __torch__.nn.attention.fused_forward(qkv, documents, heads, out)
  __torch__.nn.blocks.forward(qkv, documents, heads, out)
  return annotate(List[Tensor], [])


# dout, out [M, Hq D] -> dqkv, laid out as qkv, overwritten.
def backward(dout: Tensor, qkv: Tensor, out: Tensor, logsumexp: List[Tensor], documents: List[int], heads: __torch__.nn.attention.Heads, dqkv: Tensor) -> NoneType:
  if heads.fuses(documents):
    __torch__.nn.attention.fused_backward(dout, qkv, out, logsumexp, documents, heads, dqkv)
  else:
    __torch__.nn.blocks.backward(dout, qkv, documents, heads, dqkv)
  return None


def fused_forward(qkv: Tensor, documents: List[int], heads: __torch__.nn.attention.Heads, out: Tensor) -> List[Tensor]:
  logsumexp : List[Tensor] = []
  start = 0
  for n in documents:
    q = heads.q(qkv, start, n)
    k = heads.shared(heads.k(qkv, start, n))
    v = heads.shared(heads.v(qkv, start, n))
    o, lse = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., True, attn_mask=None, scale=heads.scale)
    heads.q(out, start, n).copy_(o)
    logsumexp.append(lse)
    start += n
  return logsumexp


def fused_backward(dout: Tensor, qkv: Tensor, out: Tensor, logsumexp: List[Tensor], documents: List[int], heads: __torch__.nn.attention.Heads, dqkv: Tensor) -> NoneType:
  start = 0
  for i in range(len(documents)):
    n = documents[i]
    q = heads.q(qkv, start, n)
    k = heads.shared(heads.k(qkv, start, n))
    v = heads.shared(heads.v(qkv, start, n))
    o = heads.q(out, start, n)
    do = heads.q(dout, start, n)
    dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(do, q, k, v, o, logsumexp[i], 0., True, attn_mask=None, scale=heads.scale)
    heads.q(dqkv, start, n).copy_(dq)
    heads.k(dqkv, start, n).copy_(dk.sum([1], True))
    heads.v(dqkv, start, n).copy_(dv.sum([1], True))
    start += n
  return None


# Generation: M tokens after first others of one document; cache [capacity, 2 Hkv D] holds keys and values of all,
# these M included. Fills out [M, Hq D].
def forward_cached(qkv: Tensor, cache: Tensor, first: int, heads: __torch__.nn.attention.Heads, out: Tensor) -> NoneType:
  n = qkv.size(0)
  oldest = 0
  if heads.window > 0:
    oldest = max(0, first - heads.window + 1)
  seen = first + n - oldest
  q = heads.q(qkv, 0, n).reshape([heads.pairs, heads.group() * n, heads.size])
  k = __torch__.nn.attention.heads_of(cache, oldest, seen, 0, heads.pairs, 1, heads.size).squeeze(1)
  v = __torch__.nn.attention.heads_of(cache, oldest, seen, heads.pairs * heads.size, heads.pairs, 1, heads.size).squeeze(1)
  scores = torch.bmm(q, k.transpose(1, 2)).to(__torch__.nn.number.fp32()).mul_(heads.scale)
  if heads.cap > 0.:
    __torch__.nn.cap.forward(scores, heads.cap)
  if heads.slopes.there():
    scores.view([heads.pairs, heads.group(), n, seen]).add_(heads.slopes.biases(oldest, seen, heads.pairs))
  if n > 1:
    later = torch.ones([n, seen], dtype=11, device=qkv.device).triu(seen - n + 1)
    scores.view([heads.pairs, heads.group(), n, seen]).masked_fill_(later, -float("inf"))
  if heads.window > 0:
    earlier = torch.ones([n, seen], dtype=11, device=qkv.device).tril(seen - n - heads.window)
    scores.view([heads.pairs, heads.group(), n, seen]).masked_fill_(earlier, -float("inf"))
  p = torch.softmax(scores, 2).to(qkv.dtype)
  heads.q(out, 0, n).copy_(torch.bmm(p, v).view([heads.pairs, heads.group(), n, heads.size]))
  return None
