# The MLP's nonlinear part: kind 0 is SiLU, 1 GELU in its tanh form, 2 GELU by the error function.


# x -> out of the same shape.
def forward(x: Tensor, kind: int, out: Tensor) -> NoneType:
  if kind == 0:
    torch.silu(x, out=out)
  else:
    if kind == 1:
      torch.gelu(x, approximate="tanh", out=out)
    else:
      torch.gelu(x, approximate="none", out=out)
  return None


# dy, x -> dx of the same shape.
def backward(dy: Tensor, x: Tensor, kind: int, dx: Tensor) -> NoneType:
  if kind == 0:
    torch.silu_backward(dy, x, grad_input=dx)
  else:
    if kind == 1:
      torch.gelu_backward(dy, x, approximate="tanh", grad_input=dx)
    else:
      torch.gelu_backward(dy, x, approximate="none", grad_input=dx)
  return None
