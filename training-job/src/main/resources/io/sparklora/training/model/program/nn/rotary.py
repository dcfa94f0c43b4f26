# Rotary positions (Su et al. 2021, arXiv 2104.09864), in Hugging Face's order: element j of the first half of what is
# turned of a head turns with element j of its second half.
#
# M tokens, P = heads * head size columns (queries, then keys), D head size, T leading elements of a head that are turned.


# Positions restart at each document, from first. documents: lengths that sum to M; frequencies [T / 2] fp32 in radians a
# position, those of documents that pass limit tokens longer [T / 2] (limit 0: none does). Returns cos and signed sin, both
# times factor, each [M, P] in the compute type; sin is negative where the first half of a head reads the second, and what
# is not turned has cos 1 and sin 0.
def tables(documents: List[int], first: int, frequencies: Tensor, longer: Tensor, limit: int, factor: float, heads: int, size: int, dtype: int) -> Tuple[Tensor, Tensor]:
  angles = __torch__.nn.rotary.angles(documents, first, frequencies)
  if limit > 0:
    parts : List[Tensor] = []
    for n in documents:
      f = frequencies
      if first + n > limit:
        f = longer
      parts.append(__torch__.nn.rotary.angles([n], first, f))
    angles = torch.cat(parts)
  cos = torch.cos(angles)
  sin = torch.sin(angles)
  if factor != 1.:
    cos.mul_(factor)
    sin.mul_(factor)
  c = [cos, cos]
  s = [sin.neg(), sin]
  kept = size - 2 * cos.size(1)
  if kept > 0:
    c.append(cos.new_ones([cos.size(0), kept]))
    s.append(cos.new_zeros([cos.size(0), kept]))
  return (torch.cat(c, 1).repeat([1, heads]).to(dtype), torch.cat(s, 1).repeat([1, heads]).to(dtype))


# Angles of all tokens, [M, T / 2].
def angles(documents: List[int], first: int, frequencies: Tensor) -> Tensor:
  positions : List[Tensor] = []
  for n in documents:
    positions.append(torch.arange(first, first + n, dtype=__torch__.nn.number.fp32(), device=frequencies.device))
  return torch.cat(positions).unsqueeze(1).mul(frequencies)


# x [M, P], turned in place; other [M, P] is scratch.
def forward(x: Tensor, cos: Tensor, sin: Tensor, size: int, turned: int, other: Tensor) -> NoneType:
  __torch__.nn.rotary.swap(x, size, turned, other)
  x.mul_(cos).addcmul_(other, sin)
  return None


# The turn is orthogonal but for its factor, so its gradient is the turn by the opposite angle. dx [M, P], turned back in
# place.
def backward(dx: Tensor, cos: Tensor, sin: Tensor, size: int, turned: int, other: Tensor) -> NoneType:
  __torch__.nn.rotary.swap(dx, size, turned, other)
  dx.mul_(cos).addcmul_(other, sin, value=-1.)
  return None


# other = x with the two halves of what is turned of each head in each other's place, and 0 for the rest.
def swap(x: Tensor, size: int, turned: int, other: Tensor) -> NoneType:
  heads = x.size(1) // size
  to = other.view([x.size(0), heads, size])
  of = x.view([x.size(0), heads, size])
  half = turned // 2
  to.narrow(2, 0, half).copy_(of.narrow(2, half, half))
  to.narrow(2, half, half).copy_(of.narrow(2, 0, half))
  if turned < size:
    to.narrow(2, turned, size - turned).zero_()
  return None
