// Kernels of the multigrid solver for GPUs, those of orchestrator/transport/kernels.py.
//
// Fields and matrices lie in memory as orchestrator/transport/layout.py says. One thread computes
// one node of all fields. HALVES is the number of half_offsets, 5 in two dimensions and 14 in three.
// Without a CUDA compiler the same code is plain C++, for tests.

typedef long long whole;

#ifdef __CUDACC__
#define KERNEL extern "C" __global__ void
#define FUNCTION __device__ static
#define FOR_ALL(t, threads) \
    for (whole t = blockIdx.x * (whole)blockDim.x + threadIdx.x; t < threads; \
         t += (whole)gridDim.x * blockDim.x)
#else
#define KERNEL extern "C" void
#define FUNCTION static
#define FOR_ALL(t, threads) for (whole t = 0; t < threads; t++)
#include <math.h>
#endif

// Sum of the neighbors of node x in row i, field k, times their coefficients; sign -1 where those
// of opposite neighbors are opposite.
FUNCTION float neighbors(
    const float *a, const float *u, whole i, int k, int x, int fields, int length, int plane,
    float sign = 1
) {
    float sum = 0;
#pragma unroll
    for (int h = 1; h < HALVES; h++) {
        const int group = (h - 2) / 3, dx = h < 2 ? h : (h - 2) % 3 - 1;
        const int rows = h < 2 ? 0 : group == 0 ? 1 : plane - 2 + group;
        whole up = i + rows, low = i - rows;
        sum += a[(i * HALVES + h) * length + x] * u[(up * fields + k) * length + x + dx]
             + sign * a[(low * HALVES + h) * length + x - dx]
                   * u[(low * fields + k) * length + x - dx];
    }
    return sum;
}

// Gauss-Seidel on the nodes of one color: every second one along each axis (step 2; along z of a
// film of one layer step 1).
KERNEL smooth(
    whole threads, const float *a, const float *inverse, float *u, const float *f, int fields,
    int length, int plane, int z0, int y0, int x0, int step_z, int ny, int nx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = x0 + 2 * (t % nx), y = y0 + 2 * (t / nx % ny), z = z0 + step_z * (t / nx / ny);
        whole i = z * plane + y;
        float weight = inverse[i * length + x];
        for (int k = 0; k < fields; k++) {
            whole here = (i * fields + k) * length + x;
            u[here] = weight * (f[here] - neighbors(a, u, i, k, x, fields, length, plane));
        }
    }
}

// out = factor f - A u
KERNEL residual(
    whole threads, const float *a, const float *u, const float *f, float factor, float *out,
    int fields, int length, int plane, int z0, int ny, int nx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = 1 + t % nx;
        whole i = (z0 + t / nx / ny) * plane + 1 + t / nx % ny;
        float diagonal = a[i * HALVES * length + x];
        for (int k = 0; k < fields; k++) {
            whole here = (i * fields + k) * length + x;
            out[here] = factor * f[here] - diagonal * u[here]
                      - neighbors(a, u, i, k, x, fields, length, plane);
        }
    }
}

// out -= sign T u for an antisymmetric matrix T, whose half with positive sign is t.
KERNEL subtract_skew(
    whole threads, const float *t, float sign, const float *u, float *out, int fields, int length,
    int plane, int z0, int ny, int nx
) {
    FOR_ALL(item, threads) {
        const int n = (int)item;
        int x = 1 + n % nx;
        whole i = (z0 + n / nx / ny) * plane + 1 + n / nx % ny;
        for (int k = 0; k < fields; k++)
            out[(i * fields + k) * length + x]
                -= sign * neighbors(t, u, i, k, x, fields, length, plane, -1);
    }
}

// Share of a fine node in a coarse one before it (step 1), at its place (0) or after it (-1), see
// orchestrator/transport/weighted.py; w[at] is that of the one before it, a half without weights.
FUNCTION float share(int weighted, int step, const float *w, whole at) {
    if (step == 0) return 1;
    if (!weighted) return 0.5f;
    return step > 0 ? w[at] : 1 - w[at];
}

// Shares along an axis of the nodes between two coarse ones: every second one along it (step 2).
KERNEL weigh(
    whole threads, const float *a, float *w, int axis, int length, int plane, int z0, int ny,
    int nx, int step_z, int step_y, int step_x
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = step_x * (t % nx + 1), y = step_y * (t / nx % ny + 1);
        whole i = (step_z * (t / nx / ny + 1) - 1 + z0) * (whole)plane + y;
        float diagonal = a[i * HALVES * length + x], total = diagonal, low = 0, high = 0;
        for (int h = 1; h < HALVES; h++) {
            const int group = (h - 2) / 3, dx = h < 2 ? h : (h - 2) % 3 - 1;
            const int dz = h < 2 || group == 0 ? 0 : 1, dy = h < 2 ? 0 : dz ? group - 2 : 1;
            float there = a[(i * HALVES + h) * length + x];
            float back = a[((i - dz * plane - dy) * HALVES + h) * length + x - dx];
            int along = axis == 0 ? dz : axis == 1 ? dy : dx;
            total += there + back;
            if (along > 0) high -= there, low -= back;
            if (along < 0) low -= there, high -= back;
        }
        low = low > 0 ? low : 0;
        high = high > 0 ? high : 0;
        int inside = total < 1e-4 * diagonal && low + high > 1e-6 * diagonal;
        w[i * length + x] = inside ? low / (low + high) : 0.5f;
    }
}

// Sum of a fine field weighted with the shares of a coarse node, for every coarse node.
KERNEL restrict_field(
    whole threads, const float *fine, float *coarse, const float *w0, const float *w1,
    const float *w2, int weighted, int fields, int fine_length, int fine_plane, int length,
    int plane, int z0, int ny, int nx, int fz, int fy, int fx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, z = t / nx / ny;
        for (int k = 0; k < fields; k++) {
            float sum = 0;
            for (int dz = 1 - fz; dz < fz; dz++)
                for (int dy = 1 - fy; dy < fy; dy++) {
                    whole up = fz * z + z0 + dz, i = up * fine_plane + fy * y + 1 + dy;
                    float across = share(weighted, dz, w0, (up * plane + y + 1) * length + x + 1)
                                 * share(weighted, dy, w1, i * length + x + 1);
                    for (int dx = 1 - fx; dx < fx; dx++) {
                        int at = fx * x + 1 + dx;
                        sum += across * share(weighted, dx, w2, i * fine_length + at)
                             * fine[(i * fields + k) * fine_length + at];
                    }
                }
            whole row = (z + z0) * plane + y + 1;
            coarse[(row * fields + k) * length + x + 1] = sum;
        }
    }
}

// Add the interpolated coarse field on the free nodes, for every fine node.
KERNEL prolong(
    whole threads, const float *coarse, float *fine, const float *inverse, const float *w0,
    const float *w1, const float *w2, int weighted, int fields, int coarse_length,
    int coarse_plane, int length, int plane, int z0, int ny, int nx, int fz, int fy, int fx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, z = t / nx / ny;
        whole i = (z + z0) * plane + y + 1;
        if (!(inverse[i * length + x + 1] > 0)) continue;
        int odd_z = z % fz, odd_y = y % fy, odd_x = x % fx;
        for (int k = 0; k < fields; k++) {
            float sum = 0;
            for (int dz = 0; dz <= odd_z; dz++)
                for (int dy = 0; dy <= odd_y; dy++) {
                    whole row = (z / fz + z0 + dz) * coarse_plane + y / fy + 1 + dy;
                    whole edge = (z + z0) * coarse_plane + y / fy + 1 + dy;
                    for (int dx = 0; dx <= odd_x; dx++) {
                        int at = x / fx + 1 + dx;
                        sum += share(weighted, odd_z - 2 * dz, w0, edge * coarse_length + at)
                             * share(weighted, odd_y - 2 * dy, w1, i * coarse_length + at)
                             * share(weighted, odd_x - 2 * dx, w2, i * length + x + 1)
                             * coarse[(row * fields + k) * coarse_length + at];
                    }
                }
            fine[(i * fields + k) * length + x + 1] += sum;
        }
    }
}

// Galerkin product along one axis, for every coarse node and neighbor; see galerkin_terms.
KERNEL coarsen(
    whole threads, const float *a, float *b, const whole *places, const whole *ends,
    const float *w, int weighted, int terms, int fine_rows, int fine_length, int fine_plane,
    int length, int plane, int z0, int ny, int nx, int fz, int fy, int fx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, h = t / nx / ny % HALVES, z = t / nx / ny / HALVES;
        whole base = (fz * z + z0) * fine_plane + fy * y + 1;
        int c = fx * x + 1;
        float sum = 0;
        for (int n = 0; n < terms; n++) {
            const whole *place = places + 4 * n, *end = ends + 6 * n;
            if (place[0] != h) continue;
            whole from = base + place[2], p = base + end[1], q = base + end[4];
            whole at = c + place[3], xp = c + end[2], xq = c + end[5];
            if (from < 0 || p < 0 || q < 0 || from >= fine_rows || p >= fine_rows || q >= fine_rows
                || at < 0 || xp < 0 || xq < 0
                || at >= fine_length || xp >= fine_length || xq >= fine_length)
                continue;
            sum += share(weighted, (int)end[0], w, p * fine_length + xp)
                 * share(weighted, (int)end[3], w, q * fine_length + xq)
                 * a[(from * HALVES + place[1]) * fine_length + at];
        }
        whole row = (z + z0) * plane + y + 1;
        b[(row * HALVES + h) * length + x + 1] = sum;
    }
}

// out = (S + sign T) u in double precision for nodal fields (fields, nz, ny, nx), S symmetric and T
// antisymmetric, which is not read for sign 0; offsets are half_offsets.
KERNEL multiply(
    whole threads, const double *symmetric, const double *skew, int sign, const whole *offsets,
    const double *u, double *out, int fields, int nz, int ny, int nx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, z = t / nx / ny;
        for (int k = 0; k < fields; k++) {
            const double *field = u + k * threads;
            double sum = symmetric[t] * field[t];
            for (int h = 1; h < HALVES; h++) {
                const whole *offset = offsets + 3 * h;
                int dz = (int)offset[0], dy = (int)offset[1], dx = (int)offset[2];
                whole step = (dz * ny + dy) * nx + dx;
                if (z + dz < nz && y + dy >= 0 && y + dy < ny && x + dx >= 0 && x + dx < nx)
                    sum += (symmetric[h * threads + t]
                            + (sign ? sign * skew[h * threads + t] : 0)) * field[t + step];
                if (z - dz >= 0 && y - dy >= 0 && y - dy < ny && x - dx >= 0 && x - dx < nx)
                    sum += (symmetric[h * threads + t - step]
                            - (sign ? sign * skew[h * threads + t - step] : 0)) * field[t - step];
            }
            out[k * threads + t] = sum;
        }
    }
}

// Conductivity tensors, cell by cell, and which cells are not as the geometry says; kinds are
// those of orchestrator/transport/device_film.py. The media have one value, or vary over the cells.
KERNEL tensors(
    whole threads, const double *m, const unsigned char *kinds, const double *across,
    const double *difference, const double *hall, double *symmetric, double *skew,
    unsigned char *wrong, int varies, int skews, float tolerance
) {
    const int d = HALVES == 5 ? 2 : 3;
    FOR_ALL(t, threads) {
        const double *v = m + 3 * t;
        whole at = varies ? t : 0;
        double square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2], off = sqrt(square) - 1;
        int kind = kinds[t], some = !(square == 0);
        wrong[t] = (some && !(off <= tolerance && off >= -tolerance)) || (kind == 1 && some)
                || (kind == 2 && !some);
        for (int a = 0, c = d; a < d; a++) {
            symmetric[a * threads + t] = difference[at] * v[a] * v[a]
                                       + (kind >= 2 ? across[at] : 0);
            for (int b = a + 1; b < d; b++)
                symmetric[c++ * threads + t] = difference[at] * v[a] * v[b];
        }
        if (skews)
            for (int c = d == 2 ? 2 : 0, k = 0; c < 3; c++)
                skew[k++ * threads + t] = hall[at] * v[c];
    }
}

// Sum of the element matrices, for every node and neighbor; see `assemble` of
// orchestrator/transport/cellwise.py.
KERNEL assemble(
    whole threads, const double *integrals, const whole *corners, const double *sigma, double *out,
    int pairs, int components, int nz, int ny, int nx
) {
    const whole cells = (whole)nz * ny * nx;
    const int layers = HALVES == 5 ? 1 : nz + 1;
    FOR_ALL(t, threads) {
        int x = (int)(t % (nx + 1)), y = (int)(t / (nx + 1) % (ny + 1));
        int z = (int)(t / (nx + 1) / (ny + 1) % layers);
        whole h = t / (nx + 1) / (ny + 1) / layers;
        double sum = 0;
        for (int p = 0; p < pairs; p++) {
            const whole *corner = corners + 4 * p;
            int zc = z - (int)corner[1], yc = y - (int)corner[2], xc = x - (int)corner[3];
            if (corner[0] != h || zc < 0 || zc >= nz || yc < 0 || yc >= ny || xc < 0 || xc >= nx)
                continue;
            whole cell = ((whole)zc * ny + yc) * nx + xc;
            for (int c = 0; c < components; c++)
                sum += integrals[c * pairs + p] * sigma[c * cells + cell];
        }
        out[t] = sum;
    }
}

// j = -Sigma times the average gradient, for every cell.
KERNEL currents(
    whole threads, const double *phi, const double *gradient, const double *symmetric,
    const double *skew, double *out, int skews, int ny, int nx
) {
    const int d = HALVES == 5 ? 2 : 3, corners = 1 << d;
    FOR_ALL(t, threads) {
        int x = (int)(t % nx), y = (int)(t / nx % ny);
        whole z = t / nx / ny;
        double slope[3] = {0, 0, 0}, flow[3] = {0, 0, 0};
        for (int c = 0; c < corners; c++) {
            whole node = ((z + c / 4) * (ny + 1) + y + c / 2 % 2) * (nx + 1) + x + c % 2;
            for (int a = 0; a < d; a++) slope[a] += gradient[a * corners + c] * phi[node];
        }
        for (int a = 0, c = d; a < d; a++) {
            flow[a] -= symmetric[a * threads + t] * slope[a];
            for (int b = a + 1; b < d; b++, c++) {
                flow[a] -= symmetric[c * threads + t] * slope[b];
                flow[b] -= symmetric[c * threads + t] * slope[a];
            }
        }
        if (skews)
            for (int c = d == 2 ? 2 : 0, k = 0; c < 3; c++, k++) {
                int a = (c + 1) % 3, b = (c + 2) % 3;
                flow[a] -= skew[k * threads + t] * slope[b];
                flow[b] += skew[k * threads + t] * slope[a];
            }
        for (int a = 0; a < 3; a++) out[3 * t + a] = flow[a];
    }
}
