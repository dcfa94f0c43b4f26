# A decoder of the Llama kind: loss, gradient, hidden states, logits. What is trained are LoRA branches over a frozen base
# and, where asked for, an embedding and a head, whole; or every weight, which makes a second set of layers over the flat
# vector, beside the base's.
#
# M tokens of one micro-batch, row after row; documents are the lengths of the M tokens' documents, in order, so that a
# row's border is a document's border too. N supervised tokens. Every method that takes adapted computes the base model
# alone where it is false.


class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  hidden : int
  inner : int
  layers : int
  heads : int
  kv_heads : int
  size : int
  vocabulary : int
  eps : float
  storage : int            # type of the mapped weights
  compute : int            # type of products and activations
  embedding_scale : float  # of the embedding
  embedding_at : int       # place in the flat vector of an embedding that is trained whole, or -1
  head_at : int            # the same for the head
  multiplier : float       # of what a block adds to the residual stream
  logit_scale : float      # of the head's products
  norm_offset : float      # added to every norm's weight as it is stored
  centred : int            # 1 where norms are LayerNorm, else RMSNorm
  middle : int             # outputs of the MLP's first product: gate and up, or up alone
  activation : int         # of the MLP: 0 SiLU, 1 GELU in its tanh form, 2 GELU by the error function
  parallel : int           # 1 where the MLP reads the block's input, not what attention made of it
  rotary : int             # leading elements of each head that are turned; 0 where positions are not rotary
  rotary_factor : float    # of what is turned
  long_after : int         # most tokens of a text with the rotary frequencies of short ones, 0 where there are no others
  context : int            # rows of the learned positions, 0 for none
  logit_cap : float        # soft cap of the logits, 0 for none
  attention_cap : float    # soft cap of the attention's scores, 0 for none
  tables : List[int]       # for each layer its rotary table
  slope_scale : float      # of slope times position
  slope_rounded : int      # 1 where slope, position and product are rounded to bf16
  attention_scale : float  # of a query's product with a key
  windows : List[int]      # for each layer the positions that a token sees, or 0 for all before it
  vectors : List[int]      # lengths of a layer's vectors, 0 where it has none: norm before attention, bias of q
                           # k v, norm of q, norm of k, bias of o, norm after attention, norm before the MLP, bias of
                           # gate up, bias of down, norm after the MLP, bias of the norm before attention, of that before
                           # the MLP
  parameters : int         # length of the flat parameter vector
  vectors_at : int         # where the norms and biases begin in it, behind all else, where every weight is trained
  lowest : int             # the first layer that carries a branch: nothing below it has a gradient
  head_rows : int          # rows of logits at a time
  place : str              # device: cpu, or cuda and its number
  segment : int            # layers whose activations are held at a time in training
  dropped : float          # share of the branches' input that dropout zeroes
  fused : int              # 1 where attention has fused operators
  state : List[Tensor]     # frequencies, learned positions, parameters (compute type), gradient (fp32)
  words : List[__torch__.nn.embedding.Embedding]
  magnitudes : List[Tensor]  # DoRA's, fp32, a branch each
  magnitude_at : List[int]   # their places in the flat vector
  dropout : List[__torch__.nn.dropout.Dropout]
  last : List[__torch__.nn.norm.Norm]  # the final norm: the base's, then, where every weight is trained, that of the vector
  blocks : List[__torch__.nn.block.Block]
  trained : List[__torch__.nn.block.Block]  # the blocks over the flat vector, where every weight is trained
  fine : List[Tensor]        # there the vector's norms and biases in fp32, and what is added to them as they are loaded
  own_positions : List[Tensor]  # there the learned positions [context, H], where there are some, and their gradient
  head : List[__torch__.nn.head.Head]
  kept : List[__torch__.nn.block.Saved]
  entries : List[Tensor]   # [M, H] the input of each segment, where there are several
  shared : List[__torch__.nn.block.Shared]
  cache : List[Tensor]     # for each layer keys and values of the text so far, [capacity, 2 Hkv D]

  # Maps the weights: offsets (in elements) are those of embedding, then q k v | o | gate up | down of each layer, then
  # head, then learned positions; small holds the layers' vectors, then the final norm; frequencies are the rotary
  # frequencies, a table after the other, that of long texts last. branches describes the branches in the flat vector's
  # order, six numbers each: layer, group (q k v | o | gate up | down), first output in the group, outputs, rank, 1 for
  # DoRA; scales what each is multiplied with. slopes are those of the query heads' linear biases, or none. Where every
  # weight is trained, places are the offsets in the flat vector of what offsets lists, and vector_places those of each
  # layer's vectors, then of the final norm's weight and bias, 0 for what is not there; elsewhere both are empty.
  def open(self: __torch__.M, weights: str, elements: int, offsets: List[int], small: str, frequencies: List[float], branches: List[int], scales: List[float], slopes: List[float], places: List[int], vector_places: List[int]) -> NoneType:
    fp32 = __torch__.nn.number.fp32()
    h = self.hidden
    queries = self.heads * self.size
    pairs = self.kv_heads * self.size
    device = torch.device(self.place)
    w = torch.from_file(weights, False, elements, dtype=self.storage, layout=None, device=None, pin_memory=None).to(device)
    small_elements = self.layers * sum(self.vectors) + h + self.vectors[10]
    v = torch.from_file(small, False, small_elements, dtype=fp32, layout=None, device=None, pin_memory=None).to(device)
    theta = torch.zeros([self.parameters], dtype=self.compute, device=device)
    gradient = torch.zeros([self.parameters], dtype=fp32, device=device)
    embedding = w.narrow(0, offsets[0], self.vocabulary * h).view([self.vocabulary, h])
    self.state.append(torch.tensor(frequencies, dtype=fp32, device=device))
    self.words.append(__torch__.nn.embedding.Embedding(embedding, self.whole(theta, self.embedding_at), self.whole(gradient, self.embedding_at), self.embedding_scale, self.embedding_at == self.head_at))
    positions = embedding[:0]
    if self.context > 0:
      positions = w.narrow(0, offsets[2 + 4 * self.layers], self.context * h).view([self.context, h])
    self.state.append(positions)
    final = v.narrow(0, self.layers * sum(self.vectors), h + self.vectors[10])
    self.last.append(self.norm_of(final[:h].add(self.norm_offset), final[h:]))
    self.state.append(theta)
    self.state.append(gradient)
    largest = h * max(max(queries + 2 * pairs, queries), self.middle)
    if self.storage == self.compute:
      largest = 0
    scratch = torch.empty([largest], dtype=self.compute, device=device)
    linear_biases = __torch__.nn.alibi.Slopes(torch.tensor(slopes, dtype=fp32, device=device), self.slope_scale, self.slope_rounded == 1)
    outputs = [queries + 2 * pairs, h, self.middle, h]
    inputs = [h, queries, h, self.inner]
    self.dropout.append(__torch__.nn.dropout.Dropout(self.dropped))
    branch = 0
    cursor = 0
    read = 0
    for l in range(self.layers):
      own : List[Tensor] = []
      for n in self.vectors:
        own.append(v.narrow(0, read, n))
        read += n
      for i in [0, 2, 3, 5, 6, 9]:
        own[i] = own[i].add(self.norm_offset)
      biases = [own[1], own[4], own[7], own[8]]
      begins : List[int] = []
      ends : List[int] = []
      a : List[Tensor] = []
      ga : List[Tensor] = []
      end = branch
      for i in range(4):
        ranks = 0
        begins.append(end)
        while end < len(scales) and branches[6 * end] == l and branches[6 * end + 1] == i:
          ranks += branches[6 * end + 4]
          end += 1
        ends.append(end)
        n = ranks * inputs[i]
        a.append(theta.narrow(0, cursor, n).view([ranks, inputs[i]]))
        ga.append(gradient.narrow(0, cursor, n).view([ranks, inputs[i]]))
        cursor += n
      linears : List[__torch__.nn.linear.Linear] = []
      for i in range(4):
        weight = w.narrow(0, offsets[1 + 4 * l + i], outputs[i] * inputs[i]).view([outputs[i], inputs[i]])
        linear = __torch__.nn.linear.Linear(weight, biases[i].to(self.compute), scratch, a[i], ga[i], self.dropout[0], 4 * l + i)
        for k in range(branch, ends[i]):
          rows = branches[6 * k + 3]
          rank = branches[6 * k + 4]
          n = rows * rank
          linear.add(branches[6 * k + 2], theta.narrow(0, cursor, n).view([rows, rank]), gradient.narrow(0, cursor, n).view([rows, rank]))
          cursor += n
        linear.scaled(scales[branch:ends[i]])
        branch = ends[i]
        linears.append(linear)
      for i in range(4):
        for k in range(begins[i], ends[i]):
          if branches[6 * k + 5] == 1:
            n = branches[6 * k + 3]
            m = torch.zeros([n], dtype=fp32, device=device)
            linears[i].magnitude.add(m, gradient.narrow(0, cursor, n))
            self.magnitudes.append(m)
            self.magnitude_at.append(cursor)
            cursor += n
      self.blocks.append(self.block_of(l, own, linears, linear_biases))
    if len(places) > 0:
      self.open_trained(places, vector_places, outputs, inputs, linear_biases)
    output = w.narrow(0, offsets[1 + 4 * self.layers], self.vocabulary * h).view([self.vocabulary, h])
    self.head.append(__torch__.nn.head.Head(output, self.whole(theta, self.head_at), self.whole(gradient, self.head_at), self.logit_scale, self.logit_cap, scratch, self.head_rows, self.compute))
    return None

  # A block of its vectors, in their order, and its four linear layers.
  def block_of(self: __torch__.M, l: int, own: List[Tensor], linears: List[__torch__.nn.linear.Linear], linear_biases: __torch__.nn.alibi.Slopes) -> __torch__.nn.block.Block:
    heads = __torch__.nn.attention.Heads(self.heads, self.kv_heads, self.size, self.attention_scale, self.windows[l], self.attention_cap, linear_biases, self.fused == 1)
    return __torch__.nn.block.Block(self.norm_of(own[0], own[10]), heads, self.tables[l], linears[0], own[2], own[3], linears[1], self.norm_of(own[5], own[5][:0]), self.norm_of(own[6], own[11]), linears[2], linears[3], self.norm_of(own[9], own[9][:0]))

  # Builds the layers over the flat vector. Matrices and biases are views of it in the compute type; norms are fp32 as
  # everywhere, so they have a copy.
  def open_trained(self: __torch__.M, places: List[int], vector_places: List[int], outputs: List[int], inputs: List[int], linear_biases: __torch__.nn.alibi.Slopes) -> NoneType:
    theta = self.state[2]
    gradient = self.state[3]
    h = self.hidden
    biases = [1, 4, 7, 8]
    fine = torch.zeros([self.parameters - self.vectors_at], dtype=gradient.dtype, device=gradient.device)
    added = torch.zeros_like(fine)
    self.fine.append(fine)
    self.fine.append(added)
    for l in range(self.layers):
      at : List[int] = []
      own : List[Tensor] = []
      gradients : List[Tensor] = []
      for i in range(len(self.vectors)):
        n = self.vectors[i]
        at.append(max(vector_places[len(self.vectors) * l + i], self.vectors_at))
        own.append(fine.narrow(0, at[i] - self.vectors_at, n))
        gradients.append(gradient.narrow(0, at[i], n))
      for i in [0, 2, 3, 5, 6, 9]:
        added.narrow(0, at[i] - self.vectors_at, self.vectors[i]).fill_(self.norm_offset)
      linears : List[__torch__.nn.linear.Linear] = []
      for i in range(4):
        bias = biases[i]
        n = outputs[i] * inputs[i]
        weight = theta.narrow(0, places[1 + 4 * l + i], n).view([outputs[i], inputs[i]])
        none = theta[:0].view([0, inputs[i]])
        linear = __torch__.nn.linear.Linear(weight, theta.narrow(0, at[bias], self.vectors[bias]), theta[:0], none, gradient[:0].view([0, inputs[i]]), self.dropout[0], 4 * l + i)
        linear.train(gradient.narrow(0, places[1 + 4 * l + i], n).view([outputs[i], inputs[i]]), gradients[bias])
        linears.append(linear)
      block = self.block_of(l, own, linears, linear_biases)
      block.train(gradients[2], gradients[3])
      block.before1.train(gradients[0], gradients[10])
      block.after1.train(gradients[5], gradient[:0])
      block.before2.train(gradients[6], gradients[11])
      block.after2.train(gradients[9], gradient[:0])
      self.trained.append(block)
    weight_at = vector_places[len(self.vectors) * self.layers]
    bias_at = max(vector_places[len(self.vectors) * self.layers + 1], self.vectors_at)
    added.narrow(0, weight_at - self.vectors_at, h).fill_(self.norm_offset)
    final = self.norm_of(fine.narrow(0, weight_at - self.vectors_at, h), fine.narrow(0, bias_at - self.vectors_at, self.vectors[10]))
    final.train(gradient.narrow(0, weight_at, h), gradient.narrow(0, bias_at, self.vectors[10]))
    self.last.append(final)
    if self.context > 0:
      at_positions = places[2 + 4 * self.layers]
      self.own_positions.append(theta.narrow(0, at_positions, self.context * h).view([self.context, h]))
      self.own_positions.append(gradient.narrow(0, at_positions, self.context * h).view([self.context, h]))
    return None

  # The blocks of base and adapter, or the base's alone.
  def blocks_of(self: __torch__.M, adapted: bool) -> List[__torch__.nn.block.Block]:
    if adapted and len(self.trained) > 0:
      return self.trained
    return self.blocks

  # The final norm, likewise.
  def last_of(self: __torch__.M, adapted: bool) -> __torch__.nn.norm.Norm:
    if adapted:
      return self.last[len(self.last) - 1]
    return self.last[0]

  # The [V, H] matrix that lies at a place of a flat vector; empty where the place is -1.
  def whole(self: __torch__.M, vector: Tensor, at: int) -> Tensor:
    if at < 0:
      return vector[:0]
    return vector.narrow(0, at, self.vocabulary * self.hidden).view([self.vocabulary, self.hidden])

  # A norm of weight g and bias b, which is 0 where a LayerNorm has none.
  def norm_of(self: __torch__.M, g: Tensor, b: Tensor) -> __torch__.nn.norm.Norm:
    if self.centred == 1 and b.numel() == 0:
      b = torch.zeros_like(g)
    return __torch__.nn.norm.Norm(g, b, self.eps)

  # theta [parameters] fp32: what is trained, of all later calls.
  def load(self: __torch__.M, theta: Tensor) -> NoneType:
    self.state[2].copy_(theta)
    for k in range(len(self.magnitudes)):
      m = self.magnitudes[k]
      m.copy_(theta.narrow(0, self.magnitude_at[k], m.numel()))
    if len(self.fine) > 0:
      self.fine[0].copy_(theta.narrow(0, self.vectors_at, self.fine[0].numel())).add_(self.fine[1])
    for block in self.blocks:
      for linear in [block.qkv, block.o, block.gate_up, block.down]:
        linear.refresh()
    return None

  # rows [N]: the tokens that predict; targets [N]: what they should; with dropout by draw where dropping. Returns (loss
  # sum, gradient [parameters] fp32); the gradient is valid until the next call.
  def gradient(self: __torch__.M, ids: List[int], documents: List[int], rows: List[int], targets: List[int], dropping: bool, draw: int) -> Tuple[float, Tensor]:
    dropout = self.dropout[0]
    dropout.active = dropping and self.dropped > 0.
    dropout.draw = draw
    self.reserve(len(ids), self.segment, True)
    h = self.body_in_segments(ids, documents)
    shared = self.shared[0]
    supervised = self.indices(rows)
    hs = h.index_select(0, supervised)
    n = len(rows)
    x = torch.empty_like(hs)
    if len(self.trained) > 0:
      self.state[3].narrow(0, self.vectors_at, self.parameters - self.vectors_at).zero_()
    blocks = self.blocks_of(True)
    last = self.last_of(True)
    r = __torch__.nn.norm.forward(hs, last, x, shared.wide)
    dx = torch.empty_like(hs)
    found = __torch__.nn.head.forward_backward(self.head[0], x, self.indices(targets), True, dx)
    dhs = shared.wide.new_zeros([n, self.hidden])
    __torch__.nn.norm.backward(__torch__.nn.number.widened(dx, shared.wide2), hs, r, last, dhs, shared.wide, shared.wide3)
    dh = shared.wide.new_zeros([len(ids), self.hidden]).index_copy_(0, supervised, dhs)
    for k in range(self.layers - self.lowest):
      l = self.layers - 1 - k
      place = l % self.segment
      if place == self.segment - 1 and k > 0:
        self.kept[0].h.copy_(self.entries[l // self.segment])
        for i in range(self.segment):
          __torch__.nn.block.forward(blocks[l - place + i], self.kept[i], shared, documents, True, self.kept[i + 1].h)
      __torch__.nn.block.backward(blocks[l], self.kept[place], shared, documents, l == self.lowest and self.embedding_at < 0, dh)
    if len(self.own_positions) > 0:
      self.own_positions[1].copy_(torch.embedding_dense_backward(dh, self.positions(documents, 0), self.context, -1, False))
    if self.embedding_at >= 0:
      __torch__.nn.embedding.backward(self.words[0], self.indices(ids), dh)
    dropout.active = False
    return (-float(torch.sum(found, dtype=__torch__.nn.number.fp64())), self.state[3].to(torch.device("cpu")))

  # Token ids or token numbers as a tensor.
  def indices(self: __torch__.M, values: List[int]) -> Tensor:
    return torch.tensor(values, dtype=__torch__.nn.number.int64(), device=torch.device(self.place))

  # Log-probabilities of the targets, [N] fp32.
  def log_probabilities(self: __torch__.M, ids: List[int], documents: List[int], rows: List[int], targets: List[int], adapted: bool) -> Tensor:
    self.reserve(len(ids), 2, False)
    h = self.body(ids, documents, adapted)
    hs = h.index_select(0, self.indices(rows))
    x = torch.empty_like(hs)
    __torch__.nn.norm.forward(hs, self.last_of(adapted), x, self.shared[0].wide)
    return __torch__.nn.head.forward_backward(self.head[0], x, self.indices(targets), adapted, x[:0]).to(torch.device("cpu"))

  # The loss sum alone.
  def loss(self: __torch__.M, ids: List[int], documents: List[int], rows: List[int], targets: List[int], adapted: bool) -> float:
    return -float(torch.sum(self.log_probabilities(ids, documents, rows, targets, adapted), dtype=__torch__.nn.number.fp64()))

  # The residual stream after the embedding (0), after a layer (1 to layers), or after the final norm (layers + 1),
  # [M, H] fp32.
  def hidden_states(self: __torch__.M, ids: List[int], documents: List[int], depth: int, adapted: bool) -> Tensor:
    self.reserve(len(ids), 2, False)
    self.prepare(ids, documents, 0, adapted)
    h = self.kept[0].h
    blocks = self.blocks_of(adapted)
    for l in range(min(depth, self.layers)):
      h = self.kept[(l + 1) % 2].h
      __torch__.nn.block.forward(blocks[l], self.kept[l % 2], self.shared[0], documents, adapted, h)
    if depth > self.layers:
      x = self.shared[0].x
      __torch__.nn.norm.forward(h, self.last_of(adapted), x, self.shared[0].wide)
      h = x
    return h.to(torch.device("cpu"), __torch__.nn.number.fp32(), False, True)

  # Logits of some tokens, [len(rows), V] fp32.
  def logits(self: __torch__.M, ids: List[int], documents: List[int], rows: List[int], adapted: bool) -> Tensor:
    self.reserve(len(ids), 2, False)
    h = self.body(ids, documents, adapted)
    return self.logits_of(h.index_select(0, self.indices(rows)), adapted)

  # Generation begins: room for capacity tokens.
  def begin(self: __torch__.M, capacity: int) -> NoneType:
    self.cache.clear()
    for l in range(self.layers):
      self.cache.append(torch.empty([capacity, 2 * self.kv_heads * self.size], dtype=self.compute, device=torch.device(self.place)))
    return None

  # The text goes on by ids, after first tokens that are in the cache; logits after its last token, [V] fp32.
  def extend(self: __torch__.M, ids: List[int], first: int, adapted: bool) -> Tensor:
    n = len(ids)
    self.reserve(n, 2, False)
    self.prepare(ids, [n], first, adapted)
    blocks = self.blocks_of(adapted)
    for l in range(self.layers):
      __torch__.nn.block.forward_cached(blocks[l], self.kept[l % 2], self.shared[0], self.cache[l], first, adapted, self.kept[(l + 1) % 2].h)
    return self.logits_of(self.kept[self.layers % 2].h.narrow(0, n - 1, 1), adapted).view([-1])

  # h [n, H] -> logits [n, V] fp32.
  def logits_of(self: __torch__.M, h: Tensor, adapted: bool) -> Tensor:
    x = torch.empty_like(h)
    __torch__.nn.norm.forward(h, self.last_of(adapted), x, self.shared[0].wide)
    out = h.new_empty([h.size(0), self.vocabulary])
    __torch__.nn.head.products(self.head[0], x, adapted, out)
    return self.head[0].finish(out.to(torch.device("cpu"), __torch__.nn.number.fp32()))

  # Buffers for M tokens, kept from call to call while M and the number of kept blocks stay.
  def reserve(self: __torch__.M, tokens: int, blocks: int, backward: bool) -> NoneType:
    if len(self.kept) == blocks + int(backward) and self.kept[0].h.size(0) == tokens and (self.shared[0].dh.numel() > 0) == backward:
      return None
    self.kept.clear()
    self.entries.clear()
    self.shared.clear()
    like = torch.empty([0], dtype=self.compute, device=torch.device(self.place))
    plain = __torch__.nn.residual.plain(self.blocks[0].after1, self.multiplier)
    normed = self.blocks[0].norm_q.numel() > 0
    wide_like = like.to(__torch__.nn.number.fp32())
    self.shared.append(__torch__.nn.block.Shared(self.heads, self.kv_heads, self.size, self.eps, self.activation, self.rotary, self.parallel == 1, self.multiplier, tokens, self.hidden, self.inner, self.middle, normed, backward, like, wide_like))
    for l in range(blocks):
      self.kept.append(__torch__.nn.block.Saved(tokens, self.hidden, self.heads, self.kv_heads, self.size, self.middle, normed, plain, like))
    if backward:
      self.kept.append(__torch__.nn.block.Saved(tokens, self.hidden, 0, 0, self.size, 0, False, True, like))
      if blocks < self.layers:
        for s in range((self.layers + blocks - 1) // blocks):
          self.entries.append(like.new_empty([tokens, self.hidden]))
    return None

  # Embeds the tokens, adds learned positions and builds the rotary tables; positions start at first.
  def prepare(self: __torch__.M, ids: List[int], documents: List[int], first: int, adapted: bool) -> NoneType:
    __torch__.nn.embedding.forward(self.words[0], self.indices(ids), adapted, self.kept[0].h)
    if self.context > 0:
      learned = self.state[1]
      if adapted and len(self.own_positions) > 0:
        learned = self.own_positions[0]
      self.kept[0].h.add_(learned.index_select(0, self.positions(documents, first)).to(self.compute))
    shared = self.shared[0]
    shared.cos.clear()
    shared.sin.clear()
    if self.rotary > 0:
      half = self.rotary // 2
      tables = max(self.tables) + 1
      longer = self.state[0][:0]
      if self.long_after > 0:
        longer = self.state[0].narrow(0, tables * half, half)
      for t in range(tables):
        frequencies = self.state[0].narrow(0, t * half, half)
        cos, sin = __torch__.nn.rotary.tables(documents, first, frequencies, longer, self.long_after, self.rotary_factor, self.heads + self.kv_heads, self.size, self.compute)
        shared.cos.append(cos)
        shared.sin.append(sin)
    return None

  # The tokens' positions in their documents, which start at first.
  def positions(self: __torch__.M, documents: List[int], first: int) -> Tensor:
    parts : List[Tensor] = []
    for n in documents:
      parts.append(torch.arange(first, first + n, dtype=__torch__.nn.number.int64(), device=torch.device(self.place)))
    return torch.cat(parts)

  # All blocks for training; the last segment's activations stay in kept, and the inputs of all segments in entries.
  # Returns the last residual stream.
  def body_in_segments(self: __torch__.M, ids: List[int], documents: List[int]) -> Tensor:
    self.prepare(ids, documents, 0, True)
    blocks = self.blocks_of(True)
    place = 0
    for l in range(self.layers):
      if place == self.segment:
        self.kept[0].h.copy_(self.kept[place].h)
        place = 0
      if place == 0 and len(self.entries) > 0:
        self.entries[l // self.segment].copy_(self.kept[0].h)
      __torch__.nn.block.forward(blocks[l], self.kept[place], self.shared[0], documents, True, self.kept[place + 1].h)
      place += 1
    return self.kept[place].h

  # All blocks; each block's activations stay in kept as far as there is room. Returns the last residual stream.
  def body(self: __torch__.M, ids: List[int], documents: List[int], adapted: bool) -> Tensor:
    self.prepare(ids, documents, 0, adapted)
    blocks = self.blocks_of(adapted)
    room = len(self.kept)
    for l in range(self.layers):
      __torch__.nn.block.forward(blocks[l], self.kept[l % room], self.shared[0], documents, adapted, self.kept[(l + 1) % room].h)
    return self.kept[self.layers % room].h
