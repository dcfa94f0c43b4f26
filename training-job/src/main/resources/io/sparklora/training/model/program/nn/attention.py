# Causal attention inside each document, with G query heads a key-value head (grouped-query attention).
#
# M tokens; qkv [M, (Hq + 2 Hkv) D] holds queries, keys and values of one token side by side. The cost is that of the
# documents alone: nothing is computed across a border. Softmax statistics are fp32. fused_forward and fused_backward are
# PyTorch's flash operators for CPUs (Dao et al. 2022, arXiv 2205.14135); those of blocks.py run on any device.


# Views on the columns [first, first + heads * D) of tokens [start, start + n): [Hkv, heads / Hkv, n, D], not copied.
def heads_of(x: Tensor, start: int, n: int, first: int, kv_heads: int, group: int, size: int) -> Tensor:
  columns = x.narrow(0, start, n).narrow(1, first, kv_heads * group * size)
  return columns.view([n, kv_heads, group, size]).permute([1, 2, 0, 3])


# Fills out [M, Hq D]; returns for each document the log-sum-exp of its scores, [Hkv, G, n], where it is fused.
def forward(qkv: Tensor, documents: List[int], heads: int, kv_heads: int, size: int, fused: bool, out: Tensor) -> List[Tensor]:
  if fused:
    return __torch__.nn.attention.fused_forward(qkv, documents, heads, kv_heads, size, out)
  __torch__.nn.blocks.forward(qkv, documents, heads, kv_heads, size, out)
  return annotate(List[Tensor], [])


# dout, out [M, Hq D] -> dqkv, laid out as qkv, overwritten.
def backward(dout: Tensor, qkv: Tensor, out: Tensor, logsumexp: List[Tensor], documents: List[int], heads: int, kv_heads: int, size: int, fused: bool, dqkv: Tensor) -> NoneType:
  if fused:
    __torch__.nn.attention.fused_backward(dout, qkv, out, logsumexp, documents, heads, kv_heads, size, dqkv)
  else:
    __torch__.nn.blocks.backward(dout, qkv, documents, heads, kv_heads, size, dqkv)
  return None


def fused_forward(qkv: Tensor, documents: List[int], heads: int, kv_heads: int, size: int, out: Tensor) -> List[Tensor]:
  group = heads // kv_heads
  logsumexp : List[Tensor] = []
  start = 0
  for n in documents:
    q = __torch__.nn.attention.heads_of(qkv, start, n, 0, kv_heads, group, size)
    k = __torch__.nn.attention.heads_of(qkv, start, n, heads * size, kv_heads, 1, size).expand([kv_heads, group, n, size])
    v = __torch__.nn.attention.heads_of(qkv, start, n, (heads + kv_heads) * size, kv_heads, 1, size).expand([kv_heads, group, n, size])
    o, lse = torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., True, attn_mask=None, scale=None)
    __torch__.nn.attention.heads_of(out, start, n, 0, kv_heads, group, size).copy_(o)
    logsumexp.append(lse)
    start += n
  return logsumexp


# Generation: M tokens after first others of one document; cache [capacity, 2 Hkv D] holds keys and values of all,
# these M included. Fills out [M, Hq D].
def forward_cached(qkv: Tensor, cache: Tensor, first: int, heads: int, kv_heads: int, size: int, out: Tensor) -> NoneType:
  group = heads // kv_heads
  n = qkv.size(0)
  seen = first + n
  q = __torch__.nn.attention.heads_of(qkv, 0, n, 0, kv_heads, group, size).reshape([kv_heads, group * n, size])
  k = __torch__.nn.attention.heads_of(cache, 0, seen, 0, kv_heads, 1, size).squeeze(1)
  v = __torch__.nn.attention.heads_of(cache, 0, seen, kv_heads * size, kv_heads, 1, size).squeeze(1)
  scores = torch.bmm(q, k.transpose(1, 2)).to(__torch__.nn.number.fp32()).mul_(float(size) ** -0.5)
  if n > 1:
    later = torch.ones([n, seen], dtype=11, device=qkv.device).triu(first + 1)
    scores.view([kv_heads, group, n, seen]).masked_fill_(later, -float("inf"))
  p = torch.softmax(scores, 2).to(qkv.dtype)
  __torch__.nn.attention.heads_of(out, 0, n, 0, kv_heads, group, size).copy_(torch.bmm(p, v).view([kv_heads, group, n, size]))
  return None


def fused_backward(dout: Tensor, qkv: Tensor, out: Tensor, logsumexp: List[Tensor], documents: List[int], heads: int, kv_heads: int, size: int, dqkv: Tensor) -> NoneType:
  group = heads // kv_heads
  start = 0
  for i in range(len(documents)):
    n = documents[i]
    q = __torch__.nn.attention.heads_of(qkv, start, n, 0, kv_heads, group, size)
    k = __torch__.nn.attention.heads_of(qkv, start, n, heads * size, kv_heads, 1, size).expand([kv_heads, group, n, size])
    v = __torch__.nn.attention.heads_of(qkv, start, n, (heads + kv_heads) * size, kv_heads, 1, size).expand([kv_heads, group, n, size])
    o = __torch__.nn.attention.heads_of(out, start, n, 0, kv_heads, group, size)
    do = __torch__.nn.attention.heads_of(dout, start, n, 0, kv_heads, group, size)
    dq, dk, dv = torch._scaled_dot_product_flash_attention_for_cpu_backward(do, q, k, v, o, logsumexp[i], 0., True, attn_mask=None, scale=None)
    __torch__.nn.attention.heads_of(dqkv, start, n, 0, kv_heads, group, size).copy_(dq)
    __torch__.nn.attention.heads_of(dqkv, start, n, heads * size, kv_heads, 1, size).copy_(dk.sum([1], True))
    __torch__.nn.attention.heads_of(dqkv, start, n, (heads + kv_heads) * size, kv_heads, 1, size).copy_(dv.sum([1], True))
    start += n
  return None
