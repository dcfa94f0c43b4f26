# Number types, by the codes that TorchScript knows them by.


def fp32() -> int:
  return 6


def fp64() -> int:
  return 7


def int32() -> int:
  return 3


def bf16() -> int:
  return 15


def int64() -> int:
  return 4


# x itself where it is of scratch's type, else its values in the front rows of scratch. Types never mix inside one
# operation: mixed operands leave the fast kernels.
def widened(x: Tensor, scratch: Tensor) -> Tensor:
  if x.dtype == scratch.dtype:
    return x
  return scratch[:x.size(0)].copy_(x)
