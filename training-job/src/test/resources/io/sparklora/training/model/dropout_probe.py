# A mask of nn/dropout.py as numbers: 1 where an element is dropped.


class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  p : float
  rows : int
  columns : int

  # which [2] int64: draw and number.
  def forward(self: __torch__.M, which: Tensor) -> Tensor:
    dropped = __torch__.nn.dropout.mask(self.p, int(which[0].item()), int(which[1].item()), self.rows, self.columns, which.device)
    return dropped.to(__torch__.nn.number.fp32())
