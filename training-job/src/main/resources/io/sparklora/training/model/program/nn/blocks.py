# Causal attention by plain products, in blocks of queries: the pair for devices without PyTorch's flash operators for CPUs.
#
# n tokens of one document, G query heads a key-value head. All in fp32. The probabilities of a block are computed again in
# the backward, so nothing but queries, keys and values is kept.


# Queries at a time: scores of all heads stay below 2^22 values unless 16 queries pass that.
def block_of(heads: int, n: int) -> int:
  return max(16, min(128, 4194304 // (heads * n)))


# q [Hkv, G, w, D], scaled; k [Hkv, e, D]: the last w of e tokens ask the e tokens -> probabilities [Hkv, G * w, e].
def probabilities(q: Tensor, k: Tensor) -> Tensor:
  kv_heads = q.size(0)
  group = q.size(1)
  w = q.size(2)
  e = k.size(1)
  scores = torch.bmm(q.view([kv_heads, group * w, q.size(3)]), k.transpose(1, 2))
  later = torch.ones([w, w], dtype=11, device=q.device).triu(1)
  scores.view([kv_heads, group, w, e]).narrow(3, e - w, w).masked_fill_(later, -float("inf"))
  return torch._softmax(scores, 2, False)


# Queries (scaled), keys and values of one document in fp32: [Hkv, G, n, D] and twice [Hkv, n, D].
def parts(qkv: Tensor, start: int, n: int, heads: int, kv_heads: int, size: int) -> Tuple[Tensor, Tensor, Tensor]:
  fp32 = __torch__.nn.number.fp32()
  group = heads // kv_heads
  q = __torch__.nn.attention.heads_of(qkv, start, n, 0, kv_heads, group, size).to(fp32).mul(float(size) ** -0.5)
  k = __torch__.nn.attention.heads_of(qkv, start, n, heads * size, kv_heads, 1, size).squeeze(1).to(fp32)
  v = __torch__.nn.attention.heads_of(qkv, start, n, (heads + kv_heads) * size, kv_heads, 1, size).squeeze(1).to(fp32)
  return (q, k, v)


def forward(qkv: Tensor, documents: List[int], heads: int, kv_heads: int, size: int, out: Tensor) -> NoneType:
  group = heads // kv_heads
  start = 0
  for n in documents:
    q, k, v = __torch__.nn.blocks.parts(qkv, start, n, heads, kv_heads, size)
    o = __torch__.nn.attention.heads_of(out, start, n, 0, kv_heads, group, size)
    step = __torch__.nn.blocks.block_of(heads, n)
    for first in range(0, n, step):
      e = min(first + step, n)
      p = __torch__.nn.blocks.probabilities(q.narrow(2, first, e - first).contiguous(), k.narrow(1, 0, e))
      o.narrow(2, first, e - first).copy_(torch.bmm(p, v.narrow(1, 0, e)).view([kv_heads, group, e - first, size]))
    start += n
  return None


# With p the probabilities: dv = p' do, dp = do v', ds = p (dp - sum(p dp)), dq = ds k, dk = ds' q.
def backward(dout: Tensor, qkv: Tensor, documents: List[int], heads: int, kv_heads: int, size: int, dqkv: Tensor) -> NoneType:
  fp32 = __torch__.nn.number.fp32()
  group = heads // kv_heads
  start = 0
  for n in documents:
    q, k, v = __torch__.nn.blocks.parts(qkv, start, n, heads, kv_heads, size)
    do = __torch__.nn.attention.heads_of(dout, start, n, 0, kv_heads, group, size).to(fp32)
    dq = __torch__.nn.attention.heads_of(dqkv, start, n, 0, kv_heads, group, size)
    dk = torch.zeros_like(k)
    dv = torch.zeros_like(v)
    step = __torch__.nn.blocks.block_of(heads, n)
    for first in range(0, n, step):
      e = min(first + step, n)
      w = e - first
      qw = q.narrow(2, first, w).contiguous()
      dow = do.narrow(2, first, w).reshape([kv_heads, group * w, size])
      p = __torch__.nn.blocks.probabilities(qw, k.narrow(1, 0, e))
      dv.narrow(1, 0, e).baddbmm_(p.transpose(1, 2), dow)
      dp = torch.bmm(dow, v.narrow(1, 0, e).transpose(1, 2))
      ds = torch._softmax_backward_data(dp, p, 2, fp32)
      dqw = torch.bmm(ds, k.narrow(1, 0, e)).mul_(float(size) ** -0.5)
      dq.narrow(2, first, w).copy_(dqw.view([kv_heads, group, w, size]))
      dk.narrow(1, 0, e).baddbmm_(ds.transpose(1, 2), qw.view([kv_heads, group * w, size]))
    __torch__.nn.attention.heads_of(dqkv, start, n, heads * size, kv_heads, 1, size).squeeze(1).copy_(dk)
    __torch__.nn.attention.heads_of(dqkv, start, n, (heads + kv_heads) * size, kv_heads, 1, size).squeeze(1).copy_(dv)
    start += n
  return None
