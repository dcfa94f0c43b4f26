# Linear biases of the scores (ALiBi, Press et al. 2021, arXiv 2108.12409): a head's slope times the key's position.
#
# Hq query heads in groups of G a key-value head.


class Slopes:
  of_heads : Tensor  # [Hq] fp32, or empty where there are no biases
  scale : float      # of slope times position
  rounded : bool     # whether slope, position and product are rounded to bf16, so that positions count from the first token

  def __init__(self, of_heads: Tensor, scale: float, rounded: bool) -> NoneType:
    self.of_heads = of_heads
    self.scale = scale
    self.rounded = rounded
    return None

  # Whether there are biases.
  def there(self) -> bool:
    return self.of_heads.numel() > 0

  # Biases of the keys at positions [first, first + n), [Hkv, G, 1, n] fp32. Softmax does not see what all keys share, so
  # where nothing is rounded positions count back from the last, whose biases are then the smallest.
  def biases(self, first: int, n: int, kv_heads: int) -> Tensor:
    slopes = self.of_heads.unsqueeze(1)
    fp32 = __torch__.nn.number.fp32()
    if self.rounded:
      bf16 = __torch__.nn.number.bf16()
      positions = torch.arange(first, first + n, dtype=fp32, device=slopes.device)
      b = slopes.to(bf16).mul(positions.to(bf16)).to(fp32)
    else:
      b = slopes.mul(torch.arange(1 - n, 1, dtype=fp32, device=slopes.device))
    return b.mul_(self.scale).view([kv_heads, slopes.size(0) // kv_heads, 1, n])
