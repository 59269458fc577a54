// A tensor [n, c, plane] as a matrix [c, n plane] of pixels, read and written in quads of four pixels.
#ifndef LACUNA_PLANES_CUH
#define LACUNA_PLANES_CUH

#include "lacuna/divisor.h"
#include "lacuna/matrix.cuh"

namespace lacuna {

template <class Element>
struct Planes {
  Element* data;
  int64_t channels, pixels;  // pixels of a channel, over all n
  Divisor<int64_t> plane;
  bool wide;  // a quad lies in one plane and on 16 bytes

  LACUNA_DEVICE Planes(Element* data, int64_t n, int64_t channels, const Divisor<int64_t>& plane)
      : data(data),
        channels(channels),
        pixels(n * plane.divisor()),
        plane(plane),
        wide(is_aligned16(data) && plane.divisor() % 4 == 0) {}

  // Pixels [pixel, pixel + 4) of a channel; zero outside. pixel is a multiple of four.
  LACUNA_DEVICE float4 load(int64_t channel, int64_t pixel) const {
    float4 quad = {0.0f, 0.0f, 0.0f, 0.0f};
    if (channel >= channels || pixel >= pixels) return quad;
    auto [at, rest] = find(channel, pixel);
    if (wide) return load_wide(at);
    quad.x = *at;
    if (pixel + 1 < pixels) quad.y = *next(at, rest);
    if (pixel + 2 < pixels) quad.z = *next(at, rest);
    if (pixel + 3 < pixels) quad.w = *next(at, rest);
    return quad;
  }

  // Writes the part of the quad that lies inside.
  LACUNA_DEVICE void store(int64_t channel, int64_t pixel, float4 quad) const {
    if (channel >= channels || pixel >= pixels) return;
    auto [at, rest] = find(channel, pixel);
    if (wide) return store_wide(at, quad);
    *at = quad.x;
    if (pixel + 1 < pixels) *next(at, rest) = quad.y;
    if (pixel + 2 < pixels) *next(at, rest) = quad.z;
    if (pixel + 3 < pixels) *next(at, rest) = quad.w;
  }

 private:
  struct Place {
    Element* at;
    int64_t rest;  // pixels of the plane from here on
  };
  LACUNA_DEVICE Place find(int64_t channel, int64_t pixel) const {
    const auto [image, position] = plane.divide(pixel);
    return {data + (image * channels + channel) * plane.divisor() + position, plane.divisor() - position};
  }
  // Steps to the next pixel of the channel, in the next image where the plane ends.
  LACUNA_DEVICE Element* next(Element*& at, int64_t& rest) const {
    ++at;
    if (--rest == 0) {
      at += (channels - 1) * plane.divisor();
      rest = plane.divisor();
    }
    return at;
  }
};

}  // namespace lacuna
#endif
