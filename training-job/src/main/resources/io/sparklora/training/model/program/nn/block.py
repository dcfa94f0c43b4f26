# One decoder block of the Llama family: h + attention(norm(h)), then h + mlp(norm(h)). backward mirrors forward.
#
# M tokens, H hidden, Hq and Hkv query and key-value heads of size D, I inner features of the MLP.


# What all blocks share: sizes, and buffers that hold nothing between two blocks.
class Shared:
  heads : int
  kv_heads : int
  size : int
  eps : float
  cos : Tensor    # [M, (Hq + Hkv) D]
  sin : Tensor    # [M, (Hq + Hkv) D]
  x : Tensor      # [M, H] compute type
  a : Tensor      # [M, I] compute type
  dqkv : Tensor   # [M, (Hq + 2 Hkv) D] compute type
  dgu : Tensor    # [M, 2 I] compute type
  dx : Tensor     # [M, max(H, Hq D, I)] elements, compute type
  dh : Tensor     # [M, H] compute type: the residual's gradient as the products take it
  wide : Tensor   # [M, H] fp32
  wide2 : Tensor  # [M, H] fp32
  wide3 : Tensor  # [M, H] fp32
  swapped : Tensor  # [M, (Hq + Hkv) D] compute type

  def __init__(self, heads: int, kv_heads: int, size: int, eps: float, tokens: int, hidden: int, inner: int, backward: bool, like: Tensor, wide_like: Tensor) -> NoneType:
    self.heads = heads
    self.kv_heads = kv_heads
    self.size = size
    self.eps = eps
    none = torch.empty_like(like)
    self.cos = none
    self.sin = none
    self.x = like.new_empty([tokens, hidden])
    self.a = like.new_empty([tokens, inner])
    self.wide = wide_like.new_empty([tokens, hidden])
    self.wide2 = none
    self.wide3 = none
    self.swapped = like.new_empty([tokens, (heads + kv_heads) * size])
    self.dqkv = none
    self.dgu = none
    self.dx = none
    self.dh = none
    if backward:
      self.wide2 = wide_like.new_empty([tokens, hidden])
      self.wide3 = wide_like.new_empty([tokens, hidden])
      self.dqkv = like.new_empty([tokens, (heads + 2 * kv_heads) * size])
      self.dgu = like.new_empty([tokens, 2 * inner])
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
  r1 : Tensor               # [M, 1] fp32, 1 / rms
  t_qkv : Tensor            # [M, m r]
  qkv : Tensor              # [M, (Hq + 2 Hkv) D], queries and keys turned
  o : Tensor                # [M, Hq D] attention's output
  logsumexp : List[Tensor]  # a document each, [Hkv, Hq / Hkv, n] fp32
  t_o : Tensor
  h2 : Tensor               # [M, H] after attention
  r2 : Tensor
  t_gu : Tensor
  gu : Tensor               # [M, 2 I]
  t_down : Tensor

  def __init__(self, tokens: int, hidden: int, heads: int, kv_heads: int, size: int, inner: int, like: Tensor) -> NoneType:
    none = torch.empty_like(like)
    self.h = like.new_empty([tokens, hidden])
    self.qkv = like.new_empty([tokens, (heads + 2 * kv_heads) * size])
    self.o = like.new_empty([tokens, heads * size])
    self.h2 = like.new_empty([tokens, hidden])
    self.gu = like.new_empty([tokens, 2 * inner])
    self.r1 = none
    self.t_qkv = none
    self.logsumexp = annotate(List[Tensor], [])
    self.t_o = none
    self.r2 = none
    self.t_gu = none
    self.t_down = none
    return None


class Block:
  norm1 : Tensor                          # [H] fp32
  heads : __torch__.nn.attention.Heads
  qkv : __torch__.nn.linear.Linear        # H -> (Hq + 2 Hkv) D
  o : __torch__.nn.linear.Linear          # Hq D -> H
  norm2 : Tensor                          # [H] fp32
  gate_up : __torch__.nn.linear.Linear    # H -> 2 I
  down : __torch__.nn.linear.Linear       # I -> H

  def __init__(self, norm1: Tensor, heads: __torch__.nn.attention.Heads, qkv: __torch__.nn.linear.Linear, o: __torch__.nn.linear.Linear, norm2: Tensor, gate_up: __torch__.nn.linear.Linear, down: __torch__.nn.linear.Linear) -> NoneType:
    self.norm1 = norm1
    self.heads = heads
    self.qkv = qkv
    self.o = o
    self.norm2 = norm2
    self.gate_up = gate_up
    self.down = down
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
  kept.r1 = __torch__.nn.norm.forward(kept.h, block.norm1, shared.eps, shared.x, shared.wide)
  kept.t_qkv = __torch__.nn.linear.forward(block.qkv, shared.x, kept.qkv, 0, adapted)
  __torch__.nn.rotary.forward(kept.qkv.narrow(1, 0, shared.cos.size(1)), shared.cos, shared.sin, shared.size, shared.swapped)
  return None


def after_attention(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, adapted: bool, out: Tensor) -> NoneType:
  kept.h2.copy_(kept.h)
  kept.t_o = __torch__.nn.linear.forward(block.o, kept.o, kept.h2, 1, adapted)
  kept.r2 = __torch__.nn.norm.forward(kept.h2, block.norm2, shared.eps, shared.x, shared.wide)
  kept.t_gu = __torch__.nn.linear.forward(block.gate_up, shared.x, kept.gu, 0, adapted)
  __torch__.nn.gate.forward(kept.gu, shared.a, shared.a)
  out.copy_(kept.h2)
  kept.t_down = __torch__.nn.linear.forward(block.down, shared.a, out, 1, adapted)
  return None


# dh [M, H] fp32: the gradient of the block's output, turned into that of its input (left undone where deepest, for
# nothing below is trained), and the gradients of all A and B.
def backward(block: __torch__.nn.block.Block, kept: __torch__.nn.block.Saved, shared: __torch__.nn.block.Shared, documents: List[int], deepest: bool, dh: Tensor) -> NoneType:
  hidden = dh.size(1)
  turned = shared.cos.size(1)
  dy = __torch__.nn.number.widened(dh, shared.dh)
  __torch__.nn.gate.forward(kept.gu, __torch__.nn.gate.silu_of(shared.dgu), shared.a)
  da = shared.dx_of(shared.a.size(1))
  __torch__.nn.linear.backward(block.down, dy, shared.a, kept.t_down, da)
  __torch__.nn.gate.backward(da, kept.gu, shared.dgu)
  __torch__.nn.norm.again(kept.h2, kept.r2, block.norm2, shared.x, shared.wide)
  dx = shared.dx_of(hidden)
  __torch__.nn.linear.backward(block.gate_up, shared.dgu, shared.x, kept.t_gu, dx)
  __torch__.nn.norm.backward(__torch__.nn.number.widened(dx, shared.wide2), kept.h2, kept.r2, block.norm2, dh, shared.wide, shared.wide3)

  dy2 = __torch__.nn.number.widened(dh, shared.dh)
  do = shared.dx_of(kept.o.size(1))
  __torch__.nn.linear.backward(block.o, dy2, kept.o, kept.t_o, do)
  __torch__.nn.attention.backward(do, kept.qkv, kept.o, kept.logsumexp, documents, block.heads, shared.dqkv)
  __torch__.nn.rotary.backward(shared.dqkv.narrow(1, 0, turned), shared.cos, shared.sin, shared.size, shared.swapped)
  __torch__.nn.norm.again(kept.h, kept.r1, block.norm1, shared.x, shared.wide)
  if deepest:
    if len(block.qkv.b) > 0:
      __torch__.nn.linear.gradients(block.qkv, shared.dqkv, shared.x, kept.t_qkv)
  else:
    dx2 = shared.dx_of(hidden)
    __torch__.nn.linear.backward(block.qkv, shared.dqkv, shared.x, kept.t_qkv, dx2)
    __torch__.nn.norm.backward(__torch__.nn.number.widened(dx2, shared.wide2), kept.h, kept.r1, block.norm1, dh, shared.wide, shared.wide3)
  return None
