# Rotary positions (Su et al. 2021, arXiv 2104.09864), in Hugging Face's order: element j of a head's first half turns
# with element j of its second half.
#
# M tokens, P = heads * head size columns (queries, then keys), D head size.


# Positions restart at each document, from first. documents: lengths that sum to M; frequencies [D / 2] fp32 in radians a position.
# Returns cos and signed sin, each [M, P] in the compute type; sin is negative where the first half of a head reads
# the second.
def tables(documents: List[int], first: int, frequencies: Tensor, heads: int, dtype: int) -> Tuple[Tensor, Tensor]:
  positions : List[Tensor] = []
  for n in documents:
    positions.append(torch.arange(first, first + n, dtype=__torch__.nn.number.fp32(), device=frequencies.device))
  angles = torch.cat(positions).unsqueeze(1).mul(frequencies)
  cos = torch.cos(angles)
  sin = torch.sin(angles)
  c = torch.cat([cos, cos], 1).repeat([1, heads])
  s = torch.cat([sin.neg(), sin], 1).repeat([1, heads])
  return (c.to(dtype), s.to(dtype))


# x [M, P], turned in place; other [M, P] is scratch.
def forward(x: Tensor, cos: Tensor, sin: Tensor, size: int, other: Tensor) -> NoneType:
  __torch__.nn.rotary.swap(x, size, other)
  x.mul_(cos).addcmul_(other, sin)
  return None


# The turn is orthogonal, so its gradient is the turn by the opposite angle. dx [M, P], turned back in place.
def backward(dx: Tensor, cos: Tensor, sin: Tensor, size: int, other: Tensor) -> NoneType:
  __torch__.nn.rotary.swap(dx, size, other)
  dx.mul_(cos).addcmul_(other, sin, value=-1.)
  return None


# other = x with the two halves of each head in each other's place.
def swap(x: Tensor, size: int, other: Tensor) -> NoneType:
  shape = [x.size(0), x.size(1) // size, 2, size // 2]
  to = other.view(shape)
  of = x.view(shape)
  to.select(2, 0).copy_(of.select(2, 1))
  to.select(2, 1).copy_(of.select(2, 0))
  return None
