# One decoder block of the Llama kind: h + attention(norm(h)), then h + mlp(norm(h)); where it is parallel
# h + attention(norm(h)) + mlp(norm'(h)). backward mirrors forward. What a family lacks has an empty weight: the norms of
# queries and keys, the norms before or after attention and MLP.
#
# M tokens, H hidden, Hq and Hkv query and key-value heads of size D, I inner features of the MLP, G 2 where the MLP has a
# gate, else 1.


# What all blocks share: sizes, and buffers that hold nothing between two blocks.
class Shared:
  heads : int
  kv_heads : int
  size : int
  eps : float
  activation : int    # of the MLP, a kind of activation.py
  rotary : int        # leading elements of a head that are turned; 0 where positions are not rotary
  parallel : bool     # whether the MLP reads the block's input, not what attention made of it
  multiplier : float  # of what a block adds to the residual stream
  cos : List[Tensor]  # a rotary table each, [M, (Hq + Hkv) D]
  sin : List[Tensor]  # a rotary table each, [M, (Hq + Hkv) D]
  x : Tensor      # [M, H] compute type
  a : Tensor      # [M, I] compute type
  dqkv : Tensor   # [M, (Hq + 2 Hkv) D] compute type
  dgu : Tensor    # [M, G I] compute type
  dx : Tensor     # [M, max(H, Hq D, I)] elements, compute type
  dh : Tensor     # [M, H] compute type: the residual's gradient as the products take it
  wide : Tensor   # [M, H] fp32
  wide2 : Tensor  # [M, H] fp32
  wide3 : Tensor  # [M, H] fp32
  swapped : Tensor  # [M, (Hq + Hkv) D] compute type
  turned : Tensor   # M (Hq + Hkv) D elements, fp32, where queries and keys are normed
  turned2 : Tensor  # the same

  def __init__(self, heads: int, kv_heads: int, size: int, eps: float, activation: int, rotary: int, parallel: bool, multiplier: float, tokens: int, hidden: int, inner: int, middle: int, normed: bool, backward: bool, like: Tensor, wide_like: Tensor) -> NoneType:
    self.heads = heads
    self.kv_heads = kv_heads
    self.size = size
    self.eps = eps
    self.activation = activation
    self.rotary = rotary
    self.parallel = parallel
    self.multiplier = multiplier
    none = torch.empty_like(like)
    self.cos = annotate(List[Tensor], [])
    self.sin = annotate(List[Tensor], [])
    self.x = like.new_empty([tokens, hidden])
    self.a = like.new_empty([tokens, inner])
    self.wide = wide_like.new_empty([tokens, hidden])
    self.wide2 = none
    self.wide3 = none
    self.swapped = none
    if rotary > 0:
      self.swapped = like.new_empty([tokens, (heads + kv_heads) * size])
    self.turned = none
    self.turned2 = none
    if normed:
      self.turned = wide_like.new_empty([tokens * (heads + kv_heads) * size])
    self.dqkv = none
    self.dgu = none
    self.dx = none
    self.dh = none
    if backward:
      self.turned2 = torch.empty_like(self.turned)
      self.wide2 = wide_like.new_empty([tokens, hidden])
      self.wide3 = wide_like.new_empty([tokens, hidden])
      self.dqkv = like.new_empty([tokens, (heads + 2 * kv_heads) * size])
      self.dgu = like.new_empty([tokens, middle])
      self.dx = like.new_empty([tokens * max(max(hidden, heads * size), inner)])
      self.dh = like.new_empty([tokens, hidden])
    return None

  # A gradient buffer [M, columns] in dx.
  def dx_of(self, columns: int) -> Tensor:
    tokens = self.x.size(0)
    return self.dx[:tokens * columns].view([tokens, columns])


# What one block keeps for its backward. Normed inputs and the MLP's middle are computed again instead.
class Saved:
  h : Tensor                # [M, H] the block's input
  r1 : Tensor               # the norm's statistics, fp32, where it is there
  t_qkv : Tensor            # [M, m r]
  raw : Tensor              # [M, (Hq + Hkv) D] queries and keys before their norms, where they have some
  rq : Tensor               # 1 / rms of queries, fp32
  rk : Tensor               # 1 / rms of keys, fp32
  qkv : Tensor              # [M, (Hq + 2 Hkv) D], queries and keys turned
  o : Tensor                # [M, Hq D] attention's output
  logsumexp : List[Tensor]  # a document each, [Hkv, Hq / Hkv, n] fp32
  t_o : Tensor
  y1 : Tensor               # [M, H] attention's part of the residual stream, where it is not added as it is
  ry1 : Tensor
  h2 : Tensor               # [M, H] after attention
  r2 : Tensor
  t_gu : Tensor
  gu : Tensor               # [M, G I]
  t_down : Tensor
  y2 : Tensor               # [M, H] the MLP's part, likewise
  ry2 : Tensor

  def __init__(self, tokens: int, hidden: int, heads: int, kv_heads: int, size: int, middle: int, normed: bool, plain: bool, like: Tensor) -> NoneType:
    none = torch.empty_like(like)
    self.h = like.new_empty([tokens, hidden])
    self.qkv = like.new_empty([tokens, (heads + 2 * kv_heads) * size])
    self.o = like.new_empty([tokens, heads * size])
    self.h2 = like.new_empty([tokens, hidden])
    self.gu = like.new_empty([tokens, middle])
    self.raw = none
    if normed:
      self.raw = like.new_empty([tokens, (heads + kv_heads) * size])
    self.y1 = none
    self.y2 = none
    if not plain:
      self.y1 = like.new_empty([tokens, hidden])
      self.y2 = like.new_empty([tokens, hidden])
    self.ry1 = none
    self.ry2 = none
    self.rq = none
    self.rk = none
    self.r1 = none
    self.t_qkv = none
    self.logsumexp = annotate(List[Tensor], [])
    self.t_o = none
    self.r2 = none
    self.t_gu = none
    self.t_down = none
    return None

  # What the MLP reads.
  def mlp_input(self, parallel: bool) -> Tensor:
    if parallel:
      return self.h
    return self.h2


class Block:
  before1 : __torch__.nn.norm.Norm       # the norm before attention, if any
  heads : __torch__.nn.attention.Heads
  table : int                             # its rotary table
  qkv : __torch__.nn.linear.Linear        # H -> (Hq + 2 Hkv) D
  norm_q : Tensor                         # [D] or [Hq D] fp32, or empty
  norm_k : Tensor                         # [D] or [Hkv D] fp32, or empty
  gradient_q : Tensor                     # those norms' gradients, fp32, where they are trained, else empty
  gradient_k : Tensor
  o : __torch__.nn.linear.Linear          # Hq D -> H
  after1 : __torch__.nn.norm.Norm        # the norm after attention, if any
  before2 : __torch__.nn.norm.Norm       # the norm before the MLP, if any
  gate_up : __torch__.nn.linear.Linear    # H -> 2 I
  down : __torch__.nn.linear.Linear       # I -> H
  after2 : __torch__.nn.norm.Norm        # the norm after the MLP, if any

  def __init__(self, before1: __torch__.nn.norm.Norm, heads: __torch__.nn.attention.Heads, table: int, qkv: __torch__.nn.linear.Linear, norm_q: Tensor, norm_k: Tensor, o: __torch__.nn.linear.Linear, after1: __torch__.nn.norm.Norm, before2: __torch__.nn.norm.Norm, gate_up: __torch__.nn.linear.Linear, down: __torch__.nn.linear.Linear, after2: __torch__.nn.norm.Norm) -> NoneType:
    self.before1 = before1
    self.heads = heads
    self.table = table
    self.qkv = qkv
    self.norm_q = norm_q
    self.norm_k = norm_k
    self.gradient_q = norm_q[:0]
    self.gradient_k = norm_k[:0]
    self.o = o
    self.after1 = after1
    self.before2 = before2
    self.gate_up = gate_up
    self.down = down
    self.after2 = after2
    return None

  # Where the gradients of the norms of queries and keys go.
  def train(self, gradient_q: Tensor, gradient_k: Tensor) -> NoneType:
    self.gradient_q = gradient_q
    self.gradient_k = gradient_k
    return None


# kept.h [M, H] is the input; fills the rest of kept and out [M, H].
def forward(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, documents: List[int], adapted: bool, out: Tensor) -> NoneType:
  __torch__.nn.block.before_attention(block, kept, shared, adapted)
  kept.logsumexp = __torch__.nn.attention.forward(kept.qkv, documents, block.heads, kept.o)
  __torch__.nn.block.after_attention(block, kept, shared, adapted, out)
  return None


# The same for tokens that follow first others, whose keys and values are in cache [capacity, 2 Hkv D]; adds their own.
def forward_cached(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, cache: Tensor, first: int, adapted: bool, out: Tensor) -> NoneType:
  __torch__.nn.block.before_attention(block, kept, shared, adapted)
  n = kept.h.size(0)
  cache.narrow(0, first, n).copy_(kept.qkv.narrow(1, shared.heads * shared.size, cache.size(1)))
  if first == 0:
    __torch__.nn.attention.forward(kept.qkv, [n], block.heads, kept.o)
  else:
    __torch__.nn.attention.forward_cached(kept.qkv, cache, first, block.heads, kept.o)
  __torch__.nn.block.after_attention(block, kept, shared, adapted, out)
  return None


def before_attention(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, adapted: bool) -> NoneType:
  kept.r1 = __torch__.nn.residual.enter(kept.h, block.before1, shared.x, shared.wide)
  kept.t_qkv = __torch__.nn.linear.forward(block.qkv, shared.x, kept.qkv, 0, adapted)
  if block.norm_q.numel() > 0:
    kept.raw.copy_(kept.qkv.narrow(1, 0, kept.raw.size(1)))
    queries = block.heads.queries * block.heads.size
    pairs = block.heads.pairs * block.heads.size
    kept.rq = __torch__.nn.head_norm.forward(kept.raw.narrow(1, 0, queries), block.norm_q, shared.eps, kept.qkv.narrow(1, 0, queries), shared.turned)
    kept.rk = __torch__.nn.head_norm.forward(kept.raw.narrow(1, queries, pairs), block.norm_k, shared.eps, kept.qkv.narrow(1, queries, pairs), shared.turned)
  if shared.rotary > 0:
    __torch__.nn.rotary.forward(kept.qkv.narrow(1, 0, shared.swapped.size(1)), shared.cos[block.table], shared.sin[block.table], shared.size, shared.rotary, shared.swapped)
  return None


def after_attention(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, adapted: bool, out: Tensor) -> NoneType:
  kept.t_o, kept.ry1 = __torch__.nn.residual.leave(block.o, kept.o, kept.h, block.after1, shared.multiplier, adapted, kept.y1, shared.x, shared.wide, kept.h2)
  kept.r2 = __torch__.nn.residual.enter(kept.mlp_input(shared.parallel), block.before2, shared.x, shared.wide)
  kept.t_gu = __torch__.nn.linear.forward(block.gate_up, shared.x, kept.gu, 0, adapted)
  __torch__.nn.gate.forward(kept.gu, shared.activation, shared.a, shared.a)
  kept.t_down, kept.ry2 = __torch__.nn.residual.leave(block.down, shared.a, kept.h2, block.after2, shared.multiplier, adapted, kept.y2, shared.x, shared.wide, out)
  return None


# dh [M, H] fp32: the gradient of the block's output, turned into that of its input (left undone where deepest, for
# nothing below is trained), and the gradients of what is trained.
def backward(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, documents: List[int], deepest: bool, dh: Tensor) -> NoneType:
  hidden = dh.size(1)
  dy = __torch__.nn.residual.leave_backward(dh, kept.y2, kept.ry2, block.after2, shared.multiplier, shared.dh, shared.wide, shared.wide2, shared.wide3)
  __torch__.nn.gate.forward(kept.gu, shared.activation, __torch__.nn.gate.activated_of(shared.dgu, shared.a.size(1)), shared.a)
  da = shared.dx_of(shared.a.size(1))
  __torch__.nn.linear.backward(block.down, dy, shared.a, kept.t_down, da)
  __torch__.nn.gate.backward(da, kept.gu, shared.activation, shared.dgu)
  h2 = kept.mlp_input(shared.parallel)
  __torch__.nn.residual.enter_again(h2, kept.r2, block.before2, shared.x, shared.wide)
  dx = shared.dx_of(hidden)
  __torch__.nn.linear.backward(block.gate_up, shared.dgu, shared.x, kept.t_gu, dx)
  dh2 = dh
  if shared.parallel:
    dh2 = torch.zeros_like(dh)
  __torch__.nn.residual.enter_backward(dx, h2, kept.r2, block.before2, dh2, shared.wide, shared.wide2, shared.wide3)

  dy2 = __torch__.nn.residual.leave_backward(dh, kept.y1, kept.ry1, block.after1, shared.multiplier, shared.dh, shared.wide, shared.wide2, shared.wide3)
  do = shared.dx_of(kept.o.size(1))
  __torch__.nn.linear.backward(block.o, dy2, kept.o, kept.t_o, do)
  __torch__.nn.attention.backward(do, kept.qkv, kept.o, kept.logsumexp, documents, block.heads, shared.dqkv)
  if shared.rotary > 0:
    __torch__.nn.rotary.backward(shared.dqkv.narrow(1, 0, shared.swapped.size(1)), shared.cos[block.table], shared.sin[block.table], shared.size, shared.rotary, shared.swapped)
  if block.norm_q.numel() > 0:
    queries = block.heads.queries * block.heads.size
    pairs = block.heads.pairs * block.heads.size
    __torch__.nn.head_norm.backward(shared.dqkv.narrow(1, 0, queries), kept.raw.narrow(1, 0, queries), kept.rq, block.norm_q, block.gradient_q, shared.turned, shared.turned2)
    __torch__.nn.head_norm.backward(shared.dqkv.narrow(1, queries, pairs), kept.raw.narrow(1, queries, pairs), kept.rk, block.norm_k, block.gradient_k, shared.turned, shared.turned2)
  __torch__.nn.residual.enter_again(kept.h, kept.r1, block.before1, shared.x, shared.wide)
  if deepest:
    if len(block.qkv.b) > 0:
      __torch__.nn.linear.gradients(block.qkv, shared.dqkv, shared.x, kept.t_qkv)
  else:
    dx2 = shared.dx_of(hidden)
    __torch__.nn.linear.backward(block.qkv, shared.dqkv, shared.x, kept.t_qkv, dx2)
    __torch__.nn.residual.enter_backward(dx2, kept.h, kept.r1, block.before1, dh, shared.wide, shared.wide2, shared.wide3)
    if shared.parallel:
      dh.add_(dh2)
  return None
