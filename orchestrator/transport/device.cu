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
#endif

// Sum of the neighbors of node x in row i, field k, times their coefficients.
FUNCTION float neighbors(
    const float *a, const float *u, whole i, int k, int x, int fields, int length, int plane
) {
    float sum = 0;
#pragma unroll
    for (int h = 1; h < HALVES; h++) {
        const int group = (h - 2) / 3, dx = h < 2 ? h : (h - 2) % 3 - 1;
        const int rows = h < 2 ? 0 : group == 0 ? 1 : plane - 2 + group;
        whole up = i + rows, low = i - rows;
        sum += a[(i * HALVES + h) * length + x] * u[(up * fields + k) * length + x + dx]
             + a[(low * HALVES + h) * length + x - dx] * u[(low * fields + k) * length + x - dx];
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

// Sum of a fine field weighted with the coarse nodes' hat functions, for every coarse node.
KERNEL restrict_field(
    whole threads, const float *fine, float *coarse, int fields, int fine_length,
    int fine_plane, int length, int plane, int z0, int ny, int nx, int fz, int fy, int fx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, z = t / nx / ny;
        for (int k = 0; k < fields; k++) {
            float sum = 0;
            for (int dz = 1 - fz; dz < fz; dz++)
                for (int dy = 1 - fy; dy < fy; dy++)
                    for (int dx = 1 - fx; dx < fx; dx++) {
                        whole i = (fz * z + z0 + dz) * fine_plane + fy * y + 1 + dy;
                        float weight = (dz ? 0.5f : 1) * (dy ? 0.5f : 1) * (dx ? 0.5f : 1);
                        sum += weight * fine[(i * fields + k) * fine_length + fx * x + 1 + dx];
                    }
            whole row = (z + z0) * plane + y + 1;
            coarse[(row * fields + k) * length + x + 1] = sum;
        }
    }
}

// Add the interpolated coarse field on the free nodes, for every fine node.
KERNEL prolong(
    whole threads, const float *coarse, float *fine, const float *inverse, int fields,
    int coarse_length, int coarse_plane, int length, int plane, int z0, int ny, int nx, int fz,
    int fy, int fx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, z = t / nx / ny;
        whole i = (z + z0) * plane + y + 1;
        if (!(inverse[i * length + x + 1] > 0)) continue;
        int odd_z = z % fz, odd_y = y % fy, odd_x = x % fx;
        float weight = (odd_z ? 0.5f : 1) * (odd_y ? 0.5f : 1) * (odd_x ? 0.5f : 1);
        for (int k = 0; k < fields; k++) {
            float sum = 0;
            for (int dz = 0; dz <= odd_z; dz++)
                for (int dy = 0; dy <= odd_y; dy++)
                    for (int dx = 0; dx <= odd_x; dx++) {
                        whole row = (z / fz + z0 + dz) * coarse_plane + y / fy + 1 + dy;
                        sum += coarse[(row * fields + k) * coarse_length + x / fx + 1 + dx];
                    }
            fine[(i * fields + k) * length + x + 1] += weight * sum;
        }
    }
}

// Galerkin product along one axis, for every coarse node and neighbor; see galerkin_terms.
KERNEL coarsen(
    whole threads, const float *a, float *b, const whole *places, const float *weights,
    int terms, int fine_length, int fine_plane, int length, int plane, int z0, int ny, int nx,
    int fz, int fy, int fx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, h = t / nx / ny % HALVES, z = t / nx / ny / HALVES;
        whole base = (fz * z + z0) * fine_plane + fy * y + 1;
        float sum = 0;
        for (int n = 0; n < terms; n++) {
            const whole *place = places + 4 * n;
            whole from = base + place[2], at = fx * x + 1 + place[3];
            if (place[0] == h && from >= 0 && at >= 0 && at < fine_length)
                sum += weights[n] * a[(from * HALVES + place[1]) * fine_length + at];
        }
        whole row = (z + z0) * plane + y + 1;
        b[(row * HALVES + h) * length + x + 1] = sum;
    }
}

// out = A u in double precision for nodal fields (fields, nz, ny, nx); offsets are half_offsets.
KERNEL multiply(
    whole threads, const double *matrix, const whole *offsets, const double *u, double *out,
    int fields, int nz, int ny, int nx
) {
    FOR_ALL(item, threads) {
        const int t = (int)item;
        int x = t % nx, y = t / nx % ny, z = t / nx / ny;
        for (int k = 0; k < fields; k++) {
            const double *field = u + k * threads;
            double sum = matrix[t] * field[t];
            for (int h = 1; h < HALVES; h++) {
                const whole *offset = offsets + 3 * h;
                int dz = (int)offset[0], dy = (int)offset[1], dx = (int)offset[2];
                whole step = (dz * ny + dy) * nx + dx;
                if (z + dz < nz && y + dy >= 0 && y + dy < ny && x + dx >= 0 && x + dx < nx)
                    sum += matrix[h * threads + t] * field[t + step];
                if (z - dz >= 0 && y - dy >= 0 && y - dy < ny && x - dx >= 0 && x - dx < nx)
                    sum += matrix[h * threads + t - step] * field[t - step];
            }
            out[k * threads + t] = sum;
        }
    }
}
