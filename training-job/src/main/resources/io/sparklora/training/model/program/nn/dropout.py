# Dropout of the LoRA branches' input (PEFT's lora_dropout): x_ij counts as 0 with probability p, else 1 / (1 - p) times.
#
# A mask is a function of the micro-batch's draw and the linear layer's number alone, so that whoever computes the
# micro-batch, on whatever device, drops the same. Element (i, j) is dropped where the 32 bits a_i b_j + c_i, as a signed
# number, lie below a threshold: multiply-shift hashing (Dietzfelbinger 1996), in two passes over M x K numbers. The odd
# a_i, the b_j and the c_i are SplitMix64's (Steele, Lea, Flood 2014). Integers wrap around.


class Dropout:
  p : float
  active : bool
  draw : int

  def __init__(self, p: float) -> NoneType:
    self.p = p
    self.active = False
    self.draw = 0
    return None

  # What a branch is multiplied by for the inputs that it lacks.
  def factor(self) -> float:
    return 1. / (1. - self.p)

  # x [M, K] with the dropped elements zero.
  def of(self, x: Tensor, number: int) -> Tensor:
    return torch.masked_fill(x, __torch__.nn.dropout.mask(self.p, self.draw, number, x.size(0), x.size(1), x.device), 0.)


# z, z + gamma, ... mixed as SplitMix64 does, int64.
def mixed(z: Tensor) -> Tensor:
  y = torch.bitwise_xor(z, torch.bitwise_and(torch.bitwise_right_shift(z, 30), 17179869183)).mul_(-4658895280553007687)
  y = torch.bitwise_xor(y, torch.bitwise_and(torch.bitwise_right_shift(y, 27), 137438953471)).mul_(-7723592293110705685)
  return torch.bitwise_xor(y, torch.bitwise_and(torch.bitwise_right_shift(y, 31), 8589934591))


# Which of [rows, columns] elements are dropped.
def mask(p: float, draw: int, number: int, rows: int, columns: int, device: Device) -> Tensor:
  z = torch.arange(2 * rows + columns, dtype=__torch__.nn.number.int64(), device=device).add_(number * 4294967296)
  bits = torch.bitwise_right_shift(__torch__.nn.dropout.mixed(z.mul_(-7046029254386353131).add_(draw)), 32)
  h = bits.to(__torch__.nn.number.int32())
  a = torch.bitwise_or(h.narrow(0, 0, rows), 1).unsqueeze(1)
  c = h.narrow(0, rows, rows).unsqueeze(1)
  b = h.narrow(0, 2 * rows, columns).unsqueeze(0)
  return torch.addcmul(c, a, b).lt(int(p * 4294967296.) - 2147483648)
