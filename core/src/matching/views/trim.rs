//! What of a photo is picture: without borders and bars, and without the frame of an app around it.
//!
//! Both are found in a small plane, from the brightness of whole rows and columns.

#![allow(clippy::cast_precision_loss, reason = "sides of the plane are at most 1024")]
#![allow(clippy::indexing_slicing, reason = "spans lie inside the plane that they are of")]

use multiversion::multiversion;

use super::sampling::{Frame, Plane, Pyramid};
use crate::region::Region;

/// Longer side of the plane that is searched, in pixels.
const SIDE_MAX: usize = 512;
/// A row or column is border when nine tenths of it lie within this many steps of brightness.
const FLAT_MAX: f32 = 12.0;
/// Brightness steps at the edge of a picture by at least this much.
const STEP_MIN: f32 = 12.0;
/// Of a row or column, the share that must step for it to be an edge.
const EDGE_SHARE_MIN: f32 = 0.5;
/// What is left is at least this share of the photo's area.
const AREA_SHARE_MIN: f32 = 0.05;
/// A frame that leaves more than this share of each side is no frame.
const SIDE_SHARE_MAX: f32 = 0.985;

/// Rows and columns of a plane, ends excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

/// The photo without plain borders, in pixels of the pyramid's first plane; `None` without such.
pub(super) fn without_borders(pyramid: &Pyramid) -> Option<Frame> {
    let (plane, factor) = pyramid.plane_within(SIDE_MAX);
    let all = whole(plane);
    let mut span = all;
    while span.top + 1 < span.bottom && is_flat(row(plane, span.top, span)) {
        span.top += 1;
    }
    while span.top + 1 < span.bottom && is_flat(row(plane, span.bottom - 1, span)) {
        span.bottom -= 1;
    }
    while span.left + 1 < span.right && is_flat(column(plane, span.left, span)) {
        span.left += 1;
    }
    while span.left + 1 < span.right && is_flat(column(plane, span.right - 1, span)) {
        span.right -= 1;
    }
    framed(span, all, factor)
}

/// The picture that stands inside a frame with other things (a story, a screenshot, bars with a
/// blurred copy), in pixels of the first plane; `None` when no straight edges divide the photo.
/// Of the parts that edges over half of the photo's width or height divide it into, it is the one
/// with most detail.
pub(super) fn inner_picture(pyramid: &Pyramid) -> Option<Frame> {
    let (plane, factor) = pyramid.plane_within(SIDE_MAX);
    let all = whole(plane);
    let (top, bottom) = richest_part(plane)?;
    let columns = plane.transposed(top..bottom);
    let (left, right) = richest_part(&columns)?;
    framed(Span { left, right, top, bottom }, all, factor)
}

/// Cuts a plane's rows at those that are edges, and returns the part with the largest sum of
/// detail.
fn richest_part(plane: &Plane) -> Option<(usize, usize)> {
    let mut best = None;
    let (mut start, mut sum) = (0, 0.0);
    let mut end_part = |start: usize, end: usize, sum: f32| {
        if start < end && best.is_none_or(|(_, most)| most < sum) {
            best = Some(((start, end), sum));
        }
    };
    for y in 0..plane.height {
        let inside = 0 < y && y + 1 < plane.height;
        if inside && EDGE_SHARE_MIN <= edge_share(plane.row(y - 1), plane.row(y + 1)) {
            end_part(start, y, sum);
            (start, sum) = (y + 1, 0.0);
        } else {
            sum += detail(plane.row(y));
        }
    }
    end_part(start, plane.height, sum);
    best.map(|(part, _)| part)
}

/// Of two rows, the share of pixels at which one is an edge's step brighter than the other.
#[multiversion(targets("x86_64+avx2"))]
fn edge_share(a: &[f32], b: &[f32]) -> f32 {
    let steps = a.iter().zip(b).filter(|(a, b)| STEP_MIN < (*a - *b).abs());
    steps.count() as f32 / a.len().max(1) as f32
}

/// The sum of steps between neighbours; one that is hardly a step does not count.
#[multiversion(targets("x86_64+avx2"))]
fn detail(row: &[f32]) -> f32 {
    const STEP_COUNTED_MIN: f32 = 2.0;
    // Several sums at once, which the processor adds side by side.
    let mut sums = [0.0; 16];
    let next = &row[1..];
    for (own, next) in row.chunks(sums.len()).zip(next.chunks(sums.len())) {
        for ((sum, a), b) in sums.iter_mut().zip(own).zip(next) {
            let step = (a - b).abs();
            *sum += if step < STEP_COUNTED_MIN { 0.0 } else { step.min(STEP_MIN) };
        }
    }
    sums.iter().sum()
}

fn whole(plane: &Plane) -> Span {
    Span { left: 0, right: plane.width, top: 0, bottom: plane.height }
}

fn row(plane: &Plane, y: usize, span: Span) -> impl Iterator<Item = f32> {
    let start = y * plane.width;
    plane.luma[start + span.left..start + span.right].iter().copied()
}

fn column(plane: &Plane, x: usize, span: Span) -> impl Iterator<Item = f32> {
    let rows = plane.luma.chunks_exact(plane.width).take(span.bottom).skip(span.top);
    rows.map(move |row| row[x])
}

fn is_flat(values: impl Iterator<Item = f32>) -> bool {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    let last = values.len() - 1;
    let at = |twentieths: usize| values[last * twentieths / 20];
    at(19) - at(1) <= FLAT_MAX
}

/// `None` when next to nothing was taken away, or too little is left.
fn framed(span: Span, all: Span, factor: f32) -> Option<Frame> {
    let (width, height) = (span.right - span.left, span.bottom - span.top);
    let share = |part: usize, of: usize| part as f32 / of as f32;
    let (across, down) = (share(width, all.right), share(height, all.bottom));
    let is_frame = across < SIDE_SHARE_MAX || down < SIDE_SHARE_MAX;
    let is_picture = AREA_SHARE_MIN <= across * down && 8 <= width.min(height);
    (is_frame && is_picture).then(|| {
        let scaled = |length: usize| length as f32 * factor;
        Frame::upright(Region {
            x: scaled(span.left),
            y: scaled(span.top),
            width: scaled(width),
            height: scaled(height),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, imageops};

    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let waves = (f64::from(x) * 0.05).sin() * 60.0 + (f64::from(y) * 0.04).cos() * 60.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "8 to 248")]
            let value = (128.0 + waves) as u8;
            Rgb([value; 3])
        })
    }

    fn pasted(canvas: RgbImage, x: i64, y: i64, width: u32, height: u32) -> RgbImage {
        let mut canvas = canvas;
        imageops::replace(&mut canvas, &picture(width, height), x, y);
        canvas
    }

    fn assert_box(found: Option<Frame>, expected: [f32; 4]) {
        let found = found.expect("a frame is found").bounds();
        for (a, b) in [found.x, found.y, found.width, found.height].into_iter().zip(expected) {
            assert!((a - b).abs() <= 4.0, "{found:?} and {expected:?}");
        }
    }

    #[test]
    fn plain_borders_are_taken_away() {
        let photo = pasted(RgbImage::from_pixel(400, 500, Rgb([250; 3])), 40, 90, 320, 300);
        assert_box(without_borders(&Pyramid::build(&photo)), [40.0, 90.0, 320.0, 300.0]);
    }

    #[test]
    fn a_photo_without_borders_stays_whole() {
        let pyramid = Pyramid::build(&picture(400, 300));
        assert_eq!(without_borders(&pyramid), None);
        assert_eq!(inner_picture(&pyramid), None);
    }

    #[test]
    fn a_plain_picture_stays_whole() {
        let pyramid = Pyramid::build(&RgbImage::from_pixel(300, 200, Rgb([80; 3])));
        assert_eq!(without_borders(&pyramid), None);
        assert_eq!(inner_picture(&pyramid), None);
    }

    #[test]
    fn the_picture_is_found_between_bars_that_are_not_plain() {
        let mut canvas = RgbImage::from_fn(360, 640, |x, y| {
            Rgb([u8::try_from((x + y) / 8).unwrap_or(255), 20, 20])
        });
        for x in 30..200 {
            canvas.put_pixel(x, 20, Rgb([255; 3]));
        }
        let photo = pasted(canvas, 20, 150, 320, 340);
        assert_box(inner_picture(&Pyramid::build(&photo)), [20.0, 150.0, 320.0, 340.0]);
    }
}
