"""How the changes of a row by several jobs are merged: the curvature of the loss, and the factors that follow from it.

The jobs of a round start from the same weights. One worker would have made all their updates one after another, each
from the result of the one before. If the updates are small steps, the sum of the changes is near that result. If each
job has already moved the row close to the minimum of its loss, the sum goes far beyond the minimum, and the mean is
right.

Which of the two is the case depends on the curvature of the loss, and this on the direction. The second derivative of
the logistic loss of a target t and an input x, as a function of t, is sigmoid'(t . x) * x x^T. Its mean over the
updates of a row is about `rate` times the second moment of the rows on the other side, the mean of x x^T, where `rate`
stands for the derivative of the sigmoid. These rows are far from isotropic. They have a mean, and its direction alone
has a third to nearly all of the trace of their second moment; every other direction has a few percent of the rest at
most. (At the start of word2vec, all outputs move away from all inputs before they differ from one another.) So a change
is divided into its part along the mean of the other side, and the rest. Let d_v be one of the two parts of the change
by job v; k jobs have trained the row. It receives

    factor * (d_1 + ... + d_k),     factor = C / (1 + C) / sum_v (c_v / (1 + c_v)),     C = sum_v c_v
    c_v = alpha * (updates of the row by job v) * curvature

where c_v / (1 + c_v) is roughly the part of the distance to the minimum that job v has covered. If all c_v are equal
to c, the factor is (1 + c) / (1 + k * c): 1, the sum, for few updates, and 1 / k, the mean, for many. The curvature is

    along the mean              rate * (|mean|^2 + ACROSS_SHARE * variance)
    at right angles to it       rate * ACROSS_SHARE * variance                     variance = (mean of |x|^2) - |mean|^2

`fastw2v.distributed.merging` gives each eigenvector of the second moment a factor of its own. Its merges are rare and
large; those of a round are small, and have to take no more time than the training. Two factors take one dot product for
a row, and no library decides how they are rounded: they are computed by additions, divisions and square roots alone.
docs/development/many-cores.md has the measurements behind the constants.
"""

from libc.math cimport sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc
from libc.string cimport memset

cdef struct Moments:
    # Sums over the rows that a job has trained, each times its updates.
    double *rows                 # (dim,)
    double squares               # of the squared norms
    double n                     # the updates


cdef struct Curvature:
    # Of the loss of the rows that are trained with those of which these are the moments.
    float *direction             # (dim,): of the mean, of length 1; zeros: the mean is zero
    float along                  # the curvature along the mean
    float across                 # and at right angles to it


cdef struct MergedRow:
    # A row during a merge; all zero: no job has trained it.
    float *values                # the copy of the first job, to which the changes of the others are added
    int64_t n_jobs
    float updates                # times the learning rate
    float along                  # sum_v (c_v / (1 + c_v)) along the mean
    float across                 # and at right angles to it


# --- moments

cdef inline bint alloc_moments(Moments *moments, int64_t dim) noexcept nogil:
    """Set up moments; return False if there is no memory for them."""
    moments.rows = <double *>calloc(dim, sizeof(double))
    return moments.rows != NULL


cdef inline void clear_moments(Moments *moments, int64_t dim) noexcept nogil:
    memset(moments.rows, 0, dim * sizeof(double))
    moments.squares = moments.n = 0.0


cdef inline void add_row(Moments *moments, const float *row, int64_t dim, float updates) noexcept nogil:
    """Add a row that was updated a number of times."""
    cdef double *rows = moments.rows
    cdef int64_t c
    for c in range(dim):
        rows[c] += updates * row[c]
    moments.squares += updates * dot_product(row, row, dim)
    moments.n += updates


cdef inline float dot_product(const float *first, const float *second, int64_t dim) noexcept nogil:
    """Return a dot product, added up in an order that lets the processor add eight products at the same time."""
    cdef float sums[8]
    cdef int64_t whole = dim - dim % 8, c, i
    memset(sums, 0, sizeof(sums))
    for c in range(0, whole, 8):
        for i in range(8):
            sums[i] += first[c + i] * second[c + i]
    for c in range(whole, dim):
        sums[0] += first[c] * second[c]
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))


cdef inline void add_to_moments(Moments *total, const Moments *moments, int64_t dim) noexcept nogil:
    cdef int64_t c
    for c in range(dim):
        total.rows[c] += moments.rows[c]
    total.squares += moments.squares
    total.n += moments.n


# --- the rule

cdef inline void set_curvature(Curvature *curvature, const Moments *moments, int64_t dim, double rate,
                               double across_share, double n_averaged) noexcept nogil:
    """Set the curvature from the moments of the other side.

    `n_averaged` rows form one input, their mean: it has their mean, and 1 / `n_averaged` of their variance.
    """
    cdef double squared_mean = 0.0, variance, n = moments.n if moments.n > 0 else 1.0, length
    cdef int64_t c
    for c in range(dim):
        squared_mean += moments.rows[c] / n * (moments.rows[c] / n)
    length = sqrt(squared_mean)
    for c in range(dim):
        curvature.direction[c] = <float>(moments.rows[c] / n / length) if length > 0 else 0.0
    variance = max(moments.squares / n - squared_mean, 0.0) / n_averaged
    curvature.across = <float>(rate * across_share * variance)
    curvature.along = <float>(rate * squared_mean) + curvature.across


cdef inline bint add_updates(MergedRow *merged, float updates, const Curvature *curvature) noexcept nogil:
    """Count one more job that has trained a row; return whether it is the first one.

    `updates` are those of the job, times its learning rate.
    """
    cdef float along = updates * curvature.along, across = updates * curvature.across
    merged.updates += updates
    merged.along += along / (1 + along)
    merged.across += across / (1 + across)
    merged.n_jobs += 1
    return merged.n_jobs == 1


cdef inline float factor_along(const MergedRow *merged, const Curvature *curvature) noexcept nogil:
    cdef float total = merged.updates * curvature.along
    return total / (1 + total) / merged.along if merged.along > 0 else 1.0


cdef inline float factor_across(const MergedRow *merged, const Curvature *curvature) noexcept nogil:
    cdef float total = merged.updates * curvature.across
    return total / (1 + total) / merged.across if merged.across > 0 else 1.0
