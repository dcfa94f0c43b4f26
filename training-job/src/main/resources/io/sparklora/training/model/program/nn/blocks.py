# Causal attention by plain products, in blocks of queries: the pair for devices without PyTorch's flash operators for CPUs.
#
# A layer with a window computes no more than the keys that a block of queries sees.
#
# n tokens of one document, G query heads a key-value head. All in fp32. The probabilities of a block are computed again in
# the backward, so nothing but queries, keys and values is kept.


# Queries at a time: scores of all heads stay below 2^22 values unless 16 queries pass that.
def block_of(heads: int, n: int) -> int:
  return max(16, min(128, 4194304 // (heads * n)))


# The first key that the query at position first sees.
def oldest(first: int, window: int) -> int:
  if window == 0:
    return 0
  return max(0, first - window + 1)


# q [Hkv, G, w, D], scaled; k [Hkv, e, D]: the last w of e tokens ask the e tokens -> probabilities [Hkv, G * w, e], and
# the slope of the cap where there is one. biases [Hkv, G, 1, e] of the keys, or empty.
def probabilities(q: Tensor, k: Tensor, window: int, cap: float, biases: Tensor) -> Tuple[Tensor, Tensor]:
  kv_heads = q.size(0)
  group = q.size(1)
  w = q.size(2)
  e = k.size(1)
  scores = torch.bmm(q.view([kv_heads, group * w, q.size(3)]), k.transpose(1, 2))
  slope = torch.empty([0], dtype=q.dtype, device=q.device)
  if cap > 0.:
    __torch__.nn.cap.forward(scores, cap)
    slope = __torch__.nn.cap.slope(scores, cap)
  each = scores.view([kv_heads, group, w, e])
  if biases.numel() > 0:
    each.add_(biases)
  later = torch.ones([w, w], dtype=11, device=q.device).triu(1)
  each.narrow(3, e - w, w).masked_fill_(later, -float("inf"))
  if window > 0:
    earlier = torch.ones([w, e], dtype=11, device=q.device).tril(e - w - window)
    each.masked_fill_(earlier, -float("inf"))
  return (torch._softmax(scores, 2, False), slope)


# Biases of the keys of a document of n tokens, [Hkv, G, 1, n], or empty.
def biases(heads: __torch__.nn.attention.Heads, n: int) -> Tensor:
  if heads.slopes.there():
    return heads.slopes.biases(0, n, heads.pairs)
  return heads.slopes.of_heads


# Those of the keys [first, end).
def part(biases: Tensor, first: int, end: int) -> Tensor:
  if biases.numel() == 0:
    return biases
  return biases.narrow(3, first, end - first)


# Queries (scaled), keys and values of one document in fp32: [Hkv, G, n, D] and twice [Hkv, n, D].
def parts(qkv: Tensor, start: int, n: int, heads: __torch__.nn.attention.Heads) -> Tuple[Tensor, Tensor, Tensor]:
  fp32 = __torch__.nn.number.fp32()
  q = heads.q(qkv, start, n).to(fp32).mul(heads.scale)
  k = heads.k(qkv, start, n).squeeze(1).to(fp32)
  v = heads.v(qkv, start, n).squeeze(1).to(fp32)
  return (q, k, v)


def forward(qkv: Tensor, documents: List[int], heads: __torch__.nn.attention.Heads, out: Tensor) -> NoneType:
  start = 0
  for n in documents:
    q, k, v = __torch__.nn.blocks.parts(qkv, start, n, heads)
    b = __torch__.nn.blocks.biases(heads, n)
    o = heads.q(out, start, n)
    step = __torch__.nn.blocks.block_of(heads.queries, n)
    for first in range(0, n, step):
      e = min(first + step, n)
      s = __torch__.nn.blocks.oldest(first, heads.window)
      p, slope = __torch__.nn.blocks.probabilities(q.narrow(2, first, e - first).contiguous(), k.narrow(1, s, e - s), heads.window, heads.cap, __torch__.nn.blocks.part(b, s, e))
      o.narrow(2, first, e - first).copy_(torch.bmm(p, v.narrow(1, s, e - s)).view([heads.pairs, heads.group(), e - first, heads.size]))
    start += n
  return None


# With p the probabilities: dv = p' do, dp = do v', ds = p (dp - sum(p dp)), times the cap's slope, dq = ds k, dk = ds' q.
def backward(dout: Tensor, qkv: Tensor, documents: List[int], heads: __torch__.nn.attention.Heads, dqkv: Tensor) -> NoneType:
  fp32 = __torch__.nn.number.fp32()
  kv_heads = heads.pairs
  group = heads.group()
  start = 0
  for n in documents:
    q, k, v = __torch__.nn.blocks.parts(qkv, start, n, heads)
    do = heads.q(dout, start, n).to(fp32)
    b = __torch__.nn.blocks.biases(heads, n)
    dq = heads.q(dqkv, start, n)
    dk = torch.zeros_like(k)
    dv = torch.zeros_like(v)
    step = __torch__.nn.blocks.block_of(heads.queries, n)
    for first in range(0, n, step):
      e = min(first + step, n)
      w = e - first
      s = __torch__.nn.blocks.oldest(first, heads.window)
      qw = q.narrow(2, first, w).contiguous()
      dow = do.narrow(2, first, w).reshape([kv_heads, group * w, heads.size])
      ks = k.narrow(1, s, e - s)
      p, slope = __torch__.nn.blocks.probabilities(qw, ks, heads.window, heads.cap, __torch__.nn.blocks.part(b, s, e))
      dv.narrow(1, s, e - s).baddbmm_(p.transpose(1, 2), dow)
      dp = torch.bmm(dow, v.narrow(1, s, e - s).transpose(1, 2))
      ds = torch._softmax_backward_data(dp, p, 2, fp32)
      if heads.cap > 0.:
        ds.mul_(slope)
      dqw = torch.bmm(ds, ks).mul_(heads.scale)
      dq.narrow(2, first, w).copy_(dqw.view([kv_heads, group, w, heads.size]))
      dk.narrow(1, s, e - s).baddbmm_(ds.transpose(1, 2), qw.view([kv_heads, group * w, heads.size]))
    heads.k(dqkv, start, n).squeeze(1).copy_(dk)
    heads.v(dqkv, start, n).squeeze(1).copy_(dv)
    start += n
  return None
