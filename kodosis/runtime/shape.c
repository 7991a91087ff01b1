/* SPDX-License-Identifier: MIT */
/*
 * Comparison of canonical texts. Each text becomes a tree, whose nodes are what stands between its brackets and commas; then the
 * two trees are walked together. A text may come from a peer, and declared types may hold one another without a limit, so neither
 * step recurses. A pair of declared types that was met before is taken to match, as recursive types need it.
 */
#include <kodosis/shape.h>

enum {
    NONE = 0, /* no node: the root is the child of none */
    PATIENCE = 16,
};

/* A type, a number, or a list of types: "list", "3", "extensible struct", "paper.Busy". */
struct node {
    const char *head;
    uint32_t head_size;
    uint32_t parent;
    uint32_t first; /* child */
    uint32_t last;
    uint32_t next; /* sibling */
    uint32_t count;
    uint32_t required; /* children in front of the ';', or UINT32_MAX */
    char close;        /* the bracket that ends its children; '=' where it has exactly one */
};

struct shape {
    const char *text;
    size_t size;
    struct node *nodes; /* the first one is the root, whose children are the parameters, the result and the errors */
    uint32_t count;
    uint32_t *declared; /* nodes, in the order of their numbers, counted from 0 */
    uint32_t declared_count;
};

/* ---- From a text to its tree ---- */

static bool is_delimiter(char byte)
{
    return memchr("<>{},;=", byte, 7) != NULL;
}

static bool begins_with(const struct node *node, const char *word)
{
    size_t size = strlen(word);

    return node->head_size >= size && memcmp(node->head, word, size) == 0;
}

static bool is_extensible(const struct node *node)
{
    return begins_with(node, "extensible ");
}

static bool is_declared(const struct node *node)
{
    struct node bare = *node;

    if (is_extensible(node)) {
        bare.head += strlen("extensible ");
        bare.head_size -= (uint32_t)strlen("extensible ");
    }
    return begins_with(&bare, "enum ") || begins_with(&bare, "flags ") || begins_with(&bare, "struct") ||
           begins_with(&bare, "union");
}

static uint32_t add_node(struct shape *shape, uint32_t parent, const char *head, size_t size)
{
    uint32_t index = shape->count++;
    struct node *node = &shape->nodes[index];
    struct node *around = &shape->nodes[parent];

    *node = (struct node){ .head = head, .head_size = (uint32_t)size, .parent = parent, .required = UINT32_MAX };
    if (index == NONE)
        return index;
    if (around->count++)
        shape->nodes[around->last].next = index;
    else
        around->first = index;
    around->last = index;
    if (is_declared(node))
        shape->declared[shape->declared_count++] = index;
    return index;
}

/* The node whose children go on behind a type that stood behind '='. */
static uint32_t behind_single(const struct shape *shape, uint32_t current)
{
    while (shape->nodes[current].close == '=')
        current = shape->nodes[current].parent;
    return current;
}

/* Takes a delimiter behind `node`, which is NONE if nothing stands in front of it. False: it makes no sense there. */
static bool take_delimiter(struct shape *shape, char byte, uint32_t node, uint32_t *current)
{
    if (byte == '<' || byte == '{' || byte == '=') {
        shape->nodes[node].close = byte == '<' ? '>' : byte == '{' ? '}' : '=';
        *current = node;
        return node != NONE;
    }
    *current = behind_single(shape, *current);
    if (byte == ',')
        return true;
    if (byte == ';') {
        shape->nodes[*current].required = shape->nodes[*current].count;
        return true;
    }
    if (shape->nodes[*current].close != byte)
        return false;
    *current = shape->nodes[*current].parent;
    return true;
}

/* Adds the types between two places of the text as a list of its own. */
static bool parse_list(struct shape *shape, size_t from, size_t to)
{
    uint32_t list = add_node(shape, 0, "", 0);
    uint32_t current = list;

    while (from < to) {
        size_t start = from;
        uint32_t node = NONE;

        while (from < to && !is_delimiter(shape->text[from]))
            from++;
        if (from > start)
            node = add_node(shape, current, shape->text + start, from - start);
        if (from < to && !take_delimiter(shape, shape->text[from++], node, &current))
            return false;
    }
    return behind_single(shape, current) == list;
}

/* The place of a byte from `from` on; the size of the text if it is not there. */
static size_t find(const struct shape *shape, size_t from, char byte)
{
    const char *place = from < shape->size ? memchr(shape->text + from, byte, shape->size - from) : NULL;

    return place ? (size_t)(place - shape->text) : shape->size;
}

/* Whether `word` ends in front of `place`. */
static bool ends_at(const struct shape *shape, size_t place, const char *word)
{
    size_t size = strlen(word);

    return place >= size && memcmp(shape->text + place - size, word, size) == 0;
}

/* Parses "(types)->type" or "(types)->type raises(errors)". Round brackets stand nowhere else. */
static bool parse(struct shape *shape)
{
    size_t behind = find(shape, 0, ')') + 3; /* the result begins */
    size_t raises;

    if (!shape->size || shape->text[0] != '(' || behind >= shape->size || !ends_at(shape, behind, ")->"))
        return false;
    raises = find(shape, behind, '(');
    add_node(shape, 0, "", 0);
    if (!parse_list(shape, 1, behind - 3))
        return false;
    if (raises == shape->size)
        return parse_list(shape, behind, shape->size);
    return ends_at(shape, raises, " raises") && ends_at(shape, shape->size, ")") &&
           parse_list(shape, behind, raises - strlen(" raises")) && parse_list(shape, raises + 1, shape->size - 1);
}

static bool open_shape(struct shape *shape, const char *text, size_t size, struct kodosis_arena *arena)
{
    size_t most = 8; /* nodes: the root, three lists, and one behind each delimiter and at each beginning */
    size_t i;

    if (size > UINT32_MAX / sizeof(struct node))
        return false;
    for (i = 0; i < size; i++)
        most += is_delimiter(text[i]);
    *shape = (struct shape){ .text = text, .size = size };
    shape->nodes = kodosis_arena_allocate(arena, most * sizeof(*shape->nodes));
    shape->declared = kodosis_arena_allocate(arena, most * sizeof(*shape->declared));
    return shape->nodes && shape->declared && parse(shape);
}

/* The node itself, or the declared type that it refers to by number; NULL if there is none. */
static const struct node *resolve(const struct shape *shape, uint32_t index)
{
    const struct node *node = &shape->nodes[index];
    uint32_t number = 0;
    uint32_t i;

    if (!node->head_size || node->head[0] != '#')
        return node;
    for (i = 1; i < node->head_size && number <= shape->declared_count; i++) {
        if (node->head[i] < '0' || node->head[i] > '9')
            return NULL;
        number = 10 * number + (uint32_t)(node->head[i] - '0');
    }
    return number && number <= shape->declared_count ? &shape->nodes[shape->declared[number - 1]] : NULL;
}

/* ---- Two trees ---- */

/* Siblings that are compared one by one. */
struct frame {
    uint32_t left;
    uint32_t right;
    uint32_t remaining;
    struct frame *below;
};

struct walk {
    struct shape left;
    struct shape right;
    struct kodosis_arena *arena;
    struct frame *top;
    struct frame *spare;
    uint64_t *met; /* pairs of declared types, hashed; 0 is none */
    size_t capacity;
    size_t used;
    uint64_t steps; /* that may still be taken: a hostile text could ask for very many pairs */
};

static bool push(struct walk *walk, uint32_t left, uint32_t right, uint32_t count)
{
    struct frame *frame = walk->spare;

    if (!count)
        return true;
    if (frame)
        walk->spare = frame->below;
    else
        frame = kodosis_arena_allocate(walk->arena, sizeof(*frame));
    if (!frame)
        return false;
    *frame = (struct frame){ left, right, count, walk->top };
    walk->top = frame;
    return true;
}

static void pop(struct walk *walk)
{
    struct frame *frame = walk->top;

    walk->top = frame->below;
    frame->below = walk->spare;
    walk->spare = frame;
}

static uint64_t *cell_of(uint64_t *met, size_t capacity, uint64_t pair)
{
    size_t i = (size_t)((pair * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (capacity - 1);

    while (met[i] && met[i] != pair)
        i = (i + 1) & (capacity - 1);
    return &met[i];
}

static bool grow(struct walk *walk)
{
    size_t capacity = walk->capacity ? walk->capacity * 2 : 64;
    uint64_t *met = kodosis_arena_allocate(walk->arena, capacity * sizeof(*met));
    size_t i;

    if (!met)
        return false;
    memset(met, 0, capacity * sizeof(*met));
    for (i = 0; i < walk->capacity; i++)
        if (walk->met[i])
            *cell_of(met, capacity, walk->met[i]) = walk->met[i];
    walk->met = met;
    walk->capacity = capacity;
    return true;
}

/* Whether a pair of declared types is new, and notes it. Sets `ret_failed` where there is no memory. */
static bool is_new(struct walk *walk, const struct node *left, const struct node *right, bool *ret_failed)
{
    uint64_t pair = (uint64_t)(left - walk->left.nodes) << 32 | (uint64_t)(right - walk->right.nodes);
    uint64_t *cell;

    if (2 * walk->used >= walk->capacity && !grow(walk)) {
        *ret_failed = true;
        return false;
    }
    cell = cell_of(walk->met, walk->capacity, pair);
    if (*cell)
        return false;
    *cell = pair;
    walk->used++;
    return true;
}

/* How many children of an extensible type are in every version of it. */
static uint32_t required_of(const struct node *node)
{
    if (node->required != UINT32_MAX)
        return node->required;
    return begins_with(node, "extensible union") ? 0 : node->count;
}

/* Whether the nodes themselves match, and how many of their children then have to. */
static bool heads_match(const struct node *left, const struct node *right, uint32_t *ret_count)
{
    uint32_t least = left->count < right->count ? left->count : right->count;

    *ret_count = least;
    if (left->head_size != right->head_size || memcmp(left->head, right->head, left->head_size) != 0)
        return false;
    if (is_extensible(left))
        return required_of(left) == required_of(right); /* members on either side of the ';' are placed differently */
    return left->count == right->count && left->required == right->required;
}

/* Compares two nodes, and leaves their children to the walk. */
static bool visit(struct walk *walk, uint32_t left_index, uint32_t right_index)
{
    const struct node *left = resolve(&walk->left, left_index);
    const struct node *right = resolve(&walk->right, right_index);
    bool failed = false;
    uint32_t count;

    if (!left || !right || !heads_match(left, right, &count))
        return false;
    if (is_declared(left) && !is_new(walk, left, right, &failed))
        return !failed;
    return push(walk, left->first, right->first, count);
}

bool kodosis_shapes_match(const char *left, size_t left_size, const char *right, size_t right_size,
                          struct kodosis_arena *arena)
{
    struct walk walk = { .arena = arena };

    if (!open_shape(&walk.left, left, left_size, arena) || !open_shape(&walk.right, right, right_size, arena))
        return false;
    walk.steps = PATIENCE * ((uint64_t)walk.left.count + walk.right.count);
    if (!visit(&walk, 0, 0))
        return false;
    while (walk.top) {
        struct frame *frame = walk.top;
        uint32_t mine = frame->left;
        uint32_t other = frame->right;

        if (!walk.steps--)
            return false;
        frame->left = walk.left.nodes[mine].next;
        frame->right = walk.right.nodes[other].next;
        if (!--frame->remaining)
            pop(&walk);
        if (!visit(&walk, mine, other))
            return false;
    }
    return true;
}
