//! Pictures as they come from the field: odd layouts, cut files, colour profiles, animations. What
//! is read is what people see; what cannot be read is refused by its true reason.
//!
//! Every file is made here from fixtures, but for `fixtures/layouts` (see `layouts.py` there).

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{Delay, ExtendedColorType, Frame, ImageEncoder, RgbImage};
use photocheck_core::matching::hashes::{PdqHash, PhotoHashes};
use photocheck_core::photo::PhotoError;
use photocheck_core::photo::{Animation, Photo};

use crate::support::colours::{P3, SRGB, curve, profile};
use crate::support::fixture;

fn pdq(bytes: &[u8]) -> PdqHash {
    PhotoHashes::hash(Photo::decode(bytes).unwrap().pixels()).pdq
}

fn refusal(bytes: &[u8]) -> PhotoError {
    Photo::decode(bytes).map(|photo| photo.width()).unwrap_err()
}

fn check_alike(bytes: &[u8], expected: PdqHash, name: &str) {
    let distance = pdq(bytes).distance(expected).0;
    assert!(distance <= 10, "{name}: {distance} bits");
}

/// Two photos of one size, small enough to be encoded often.
fn hopper_and_coffee() -> [RgbImage; 2] {
    ["photos/real-hopper.jpg", "photos/real-coffee.jpg"].map(|path| {
        let pixels = Photo::decode(&fixture(path)).unwrap().pixels().clone();
        image::imageops::resize(&pixels, 256, 256, image::imageops::FilterType::Triangle)
    })
}

fn encoded(pixels: &RgbImage, mut encoder: impl ImageEncoder, icc: Option<Vec<u8>>) {
    if let Some(icc) = icc {
        encoder.set_icc_profile(icc).unwrap();
    }
    let (width, height) = pixels.dimensions();
    encoder.write_image(pixels, width, height, ExtendedColorType::Rgb8).unwrap();
}

fn jpeg(pixels: &RgbImage, icc: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoded(pixels, JpegEncoder::new_with_quality(&mut bytes, 92), icc);
    bytes
}

fn png(pixels: &RgbImage, icc: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoded(pixels, PngEncoder::new(&mut bytes), icc);
    bytes
}

fn webp(pixels: &RgbImage, icc: Option<Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encoded(pixels, WebPEncoder::new_lossless(&mut bytes), icc);
    bytes
}

/// Every layout is read as libjpeg reads it, or refused by its name.
#[test]
fn jpeg_layouts_are_read_as_djpeg_reads_them() {
    let (mut read, mut refused) = (0, 0);
    let table = fixture("layouts/djpeg.csv");
    for row in csv::Reader::from_reader(table.as_slice()).deserialize().map(Result::unwrap) {
        let (file, expected): (String, String) = row;
        let bytes = fixture(&format!("layouts/{file}"));
        if expected.is_empty() {
            assert_eq!(refusal(&bytes).code(), "PHOTO_UNSUPPORTED_FORMAT", "{file}");
            refused += 1;
        } else {
            check_alike(&bytes, PdqHash::from_hex(&expected).unwrap(), &file);
            read += 1;
        }
    }
    assert_eq!((read, refused), (110, 6));
}

/// HEIC is read as libheif reads it: samplings, ten bits, turns.
#[cfg(feature = "heic")]
#[test]
fn heic_is_read_as_libheif_reads_it() {
    let mut read = 0;
    let table = fixture("heic/libheif.csv");
    for row in csv::Reader::from_reader(table.as_slice()).deserialize().map(Result::unwrap) {
        let (file, width, height, expected): (String, u32, u32, String) = row;
        let bytes = fixture(&format!("heic/{file}"));
        let photo = Photo::decode(&bytes).unwrap();
        assert_eq!((photo.width(), photo.height()), (width, height), "{file}");
        assert_eq!(photo.format().name(), "heic");
        check_alike(&bytes, PdqHash::from_hex(&expected).unwrap(), &file);
        let half = Photo::decode(&bytes[..bytes.len() / 2]).map(|photo| photo.width());
        assert_eq!(half.as_ref().map_err(PhotoError::code), Err("PHOTO_DAMAGED"), "{file}");
        read += 1;
    }
    assert_eq!(read, 9);
}

/// What is all there is read without its end marker; what is not is refused with one.
#[test]
fn a_jpeg_is_whole_when_its_scans_are() {
    let mut layouts = 0;
    for entry in std::fs::read_dir(crate::support::fixture_path("layouts")).unwrap() {
        let path = entry.unwrap().path();
        let whole = std::fs::read(&path).unwrap();
        let name = path.display();
        if path.extension().is_none_or(|kind| kind != "jpg") || Photo::decode(&whole).is_err() {
            continue;
        }
        let (expected, body) = (pdq(&whole), &whole[..whole.len() - 2]);
        for tail in [vec![], vec![0; 512], vec![0xFF; 9], b"more bytes".to_vec(), whole.clone()] {
            check_alike(&[body, &tail].concat(), expected, &format!("{name}, {}", tail.len()));
        }
        // Behind the head, so that some of the picture is there.
        let scan = whole.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
        let half = &whole[..scan.midpoint(whole.len())];
        let (zeros, end) = (vec![0; whole.len() - half.len() + 64], [0xFF, 0xD9]);
        let zeros_and_end = [zeros.as_slice(), &end].concat();
        let many_zeros = [zeros.as_slice(), &zeros].concat();
        for tail in [&[], end.as_slice(), &zeros, &zeros_and_end, &many_zeros, &whole] {
            let found = Photo::decode(&[half, tail].concat()).map(|photo| photo.width());
            let code = found.as_ref().map_err(PhotoError::code);
            assert_eq!(code, Err("PHOTO_DAMAGED"), "{name}, {}: {found:?}", tail.len());
        }
        layouts += 1;
    }
    assert_eq!(layouts, 110);
}

/// A plain area makes long runs of zeros; a picture of it is whole all the same.
#[test]
fn a_plain_picture_is_not_taken_for_a_cut_one() {
    let [hopper, _] = hopper_and_coffee();
    let mut high = RgbImage::from_pixel(256, 2048, image::Rgb([255; 3]));
    image::imageops::replace(&mut high, &hopper, 0, 0);
    let whole = jpeg(&high, None);
    check_alike(&whole[..whole.len() - 2], pdq(&whole), "plain below");
    let grey = flat_jpeg(640, 480, 3);
    assert_eq!(Photo::decode(&grey).unwrap().height(), 480);
}

/// A grey JPEG of one value whose codes are all zeros, one bit each; `cut` bytes lack at its end.
fn flat_jpeg(width: u16, height: u16, cut: usize) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], length.as_slice(), body].concat()
    };
    let mut counts = [0; 16];
    counts[0] = 1;
    let table = |class: u8| segment(0xC4, &[&[class], counts.as_slice(), &[0]].concat());
    let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
    let frame = segment(0xC0, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0]);
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    let mut bytes =
        [vec![0xFF, 0xD8], segment(0xDB, &[&[0], [1; 64].as_slice()].concat())].concat();
    bytes.extend([frame, table(0), table(0x10), segment(0xDA, &[1, 1, 0, 0, 63, 0])].concat());
    bytes.extend(vec![0; (2 * blocks).div_ceil(8) - cut.min(blocks / 500)]);
    bytes.extend([0xFF, 0xD9]);
    bytes
}

/// A photo of 200 megapixels is read at half its sides; its size is told as it is.
#[test]
fn the_largest_photos_are_read_smaller() {
    let photo = Photo::decode(&flat_jpeg(16_320, 12_240, 0)).unwrap();
    assert_eq!((photo.width(), photo.height()), (16_320, 12_240));
    assert_eq!(photo.pixels().dimensions(), (8160, 6120));
    assert!(photo.is_shrunk());
    let beyond = refusal(&flat_jpeg(16_384, 16_000, 0));
    assert_eq!(beyond.code(), "PHOTO_TOO_MANY_PIXELS");
    // The coefficients of a progressive one would have to be kept.
    let mut progressive = flat_jpeg(16_320, 12_240, 0);
    let frame = progressive.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    progressive[frame + 1] = 0xC2;
    assert_eq!(refusal(&progressive).code(), "PHOTO_TOO_MANY_PIXELS");
}

/// Siblings in the other formats: an end that is missing, and a half.
#[test]
fn other_formats_are_whole_when_their_picture_is() {
    let [hopper, _] = hopper_and_coffee();
    let (png, webp, gif) = (png(&hopper, None), webp(&hopper, None), gif(&[(&hopper, 0)]));
    let expected = pdq(&png);
    // The end chunk of a PNG is 12 bytes long, the trailer of a GIF one.
    check_alike(&png[..png.len() - 12], expected, "png without its end");
    check_alike(&[&png, b"more".as_slice()].concat(), expected, "png with more");
    check_alike(&gif[..gif.len() - 1], pdq(&gif), "gif without its end");
    check_alike(&[&webp, [0; 600].as_slice()].concat(), expected, "webp with more");
    let end = &png[png.len() - 12..];
    let zeros = vec![0; 40_000];
    for (name, bytes, tail) in [
        ("png", &png, end),
        ("png", &png, &zeros),
        ("gif", &gif, &[0, 0x3B]),
        ("gif", &gif, &zeros),
        ("webp", &webp, &[]),
        ("webp", &webp, &zeros),
    ] {
        let half = &bytes[..bytes.len() / 2];
        let found = Photo::decode(&[half, tail].concat());
        let code = found.as_ref().err().map(PhotoError::code);
        assert_eq!(code, Some("PHOTO_DAMAGED"), "{name} and {} bytes", tail.len());
    }
    // As long as the whole, so that the chunk keeps its length.
    let filled_up = [&webp[..webp.len() / 2], &vec![0; webp.len() - webp.len() / 2]].concat();
    assert_eq!(refusal(&filled_up).code(), "PHOTO_DAMAGED");
}

/// A profile that makes a negative look right: what is hashed is what people see.
#[test]
fn a_colour_profile_is_applied() {
    let [hopper, _] = hopper_and_coffee();
    let expected = pdq(&png(&hopper, None));
    let mut negative = hopper.clone();
    negative.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| 255 - value));
    let turned = profile(SRGB, &curve(|share| (1.0 - share).powf(2.2)));
    for (name, bytes) in [
        ("jpeg", jpeg(&negative, Some(turned.clone()))),
        ("png", png(&negative, Some(turned.clone()))),
        ("webp", webp(&negative, Some(turned.clone()))),
    ] {
        check_alike(&bytes, expected, name);
    }
    let plain = png(&negative, None);
    assert!(200 < pdq(&plain).distance(expected).0);
    // Broken, cut and too large profiles are passed over.
    for broken in [turned[..100].to_vec(), vec![7; 900], [&turned[..128], &[0xFF; 400]].concat()] {
        check_alike(&png(&negative, Some(broken.clone())), pdq(&plain), "broken, png");
        check_alike(&jpeg(&negative, Some(broken)), pdq(&plain), "broken, jpeg");
    }
    let mut of_greys = turned.clone();
    of_greys[16..20].copy_from_slice(b"GRAY");
    check_alike(&png(&negative, Some(of_greys)), pdq(&plain), "of greys");
    let mut of_a_link = turned;
    of_a_link[12..16].copy_from_slice(b"link");
    check_alike(&png(&negative, Some(of_a_link)), pdq(&plain), "a device link");
}

/// The profile of sRGB changes no pixel; that of a phone's screen does, and by little.
#[test]
fn usual_profiles_change_little() {
    let [hopper, _] = hopper_and_coffee();
    let encoded = |share: f64| match share {
        share if share <= 0.04045 => share / 12.92,
        share => ((share + 0.055) / 1.055).powf(2.4),
    };
    let same = Photo::decode(&png(&hopper, Some(profile(SRGB, &curve(encoded))))).unwrap();
    assert_eq!(*same.pixels(), hopper);
    let wide = Photo::decode(&png(&hopper, Some(profile(P3, &curve(encoded))))).unwrap();
    let moved = wide.pixels().iter().zip(hopper.iter()).map(|(a, b)| u64::from(a.abs_diff(*b)));
    let mean = moved.sum::<u64>() / hopper.len() as u64;
    assert!((1..20).contains(&mean), "{mean}");
    check_alike(&png(&wide.pixels().clone(), None), pdq(&png(&hopper, None)), "still the same");
}

fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind.as_slice(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [length.as_slice(), &body, &crc32fast::hash(&body).to_be_bytes()].concat()
}

/// A PNG with chunks between its head and its picture.
fn png_with(pixels: &RgbImage, chunks: &[u8]) -> Vec<u8> {
    const HEAD: usize = 8 + 25;
    let png = png(pixels, None);
    [&png[..HEAD], chunks, &png[HEAD..]].concat()
}

/// Gamma, primaries and code points of a PNG.
#[test]
fn the_colour_chunks_of_a_png_are_applied() {
    let [hopper, _] = hopper_and_coffee();
    let values =
        |values: &[u32]| values.iter().flat_map(|it| it.to_be_bytes()).collect::<Vec<u8>>();
    let shown = |chunks: &[Vec<u8>]| Photo::decode(&png_with(&hopper, &chunks.concat())).unwrap();
    let gamma = |value: u32| chunk(*b"gAMA", &values(&[value]));
    let srgb = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6000];
    let swapped = [31_270, 32_900, 30_000, 60_000, 64_000, 33_000, 15_000, 6000];
    for plain in [
        vec![gamma(45_455)],
        vec![gamma(45_455), chunk(*b"cHRM", &values(&srgb))],
        vec![chunk(*b"sRGB", &[0]), gamma(100_000)],
        vec![chunk(*b"cICP", &[1, 13, 0, 1]), gamma(100_000)],
        vec![gamma(0)],
        vec![gamma(45_455), chunk(*b"cHRM", &[0; 32])],
        vec![chunk(*b"cICP", &[9, 16, 0, 1])],
    ] {
        let found = shown(&plain);
        let moved = found.pixels().iter().zip(hopper.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(moved <= Some(2), "{moved:?}: {plain:?}");
    }
    let mean = |photo: &Photo, channel: usize| {
        let sum: u64 = photo.pixels().pixels().map(|pixel| u64::from(pixel.0[channel])).sum();
        sum / (256 * 256)
    };
    let (before, linear) = (shown(&[]), shown(&[gamma(100_000)]));
    assert!(mean(&before, 1) + 20 < mean(&linear, 1), "linear light is shown brighter");
    let red_and_green = shown(&[gamma(45_455), chunk(*b"cHRM", &values(&swapped))]);
    assert!(mean(&red_and_green, 0).abs_diff(mean(&before, 1)) <= 2);
    let wide = shown(&[chunk(*b"cICP", &[12, 13, 0, 1])]);
    assert_ne!(wide.pixels(), before.pixels(), "Display P3 by its code points");
}

/// Of several EXIF segments the first counts, and a second may only continue it.
#[test]
fn a_second_exif_segment_only_continues_the_first() {
    let [hopper, _] = hopper_and_coffee();
    let expected = pdq(&png(&hopper, None));
    let turned = jpeg(&image::imageops::rotate270(&hopper), None);
    let exif = |orientation: u8, padding: usize| {
        let field = [0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
        let head = [b"II*\0\x08\0\0\0\x01\0".as_slice(), &field, &[0; 4]].concat();
        [head, vec![0; padding]].concat()
    };
    let with = |packets: &[&[u8]]| {
        let mut bytes = turned[..2].to_vec();
        for packet in packets {
            let length = u16::try_from(packet.len() + 8).unwrap().to_be_bytes();
            bytes.extend([&[0xFF, 0xE1], length.as_slice(), b"Exif\0\0", packet].concat());
        }
        bytes.extend(&turned[2..]);
        bytes
    };
    let long = exif(6, 100_000);
    let (first, second) = long.split_at(65_000);
    check_alike(&with(&[&exif(6, 0)]), expected, "one");
    check_alike(&with(&[&exif(6, 0), &exif(1, 0)]), expected, "a second says upright");
    check_alike(&with(&[&exif(6, 0), &exif(3, 0), &exif(8, 0)]), expected, "two more");
    check_alike(&with(&[&exif(6, 0), &[]]), expected, "a second is empty");
    check_alike(&with(&[first, second]), expected, "a second continues");
}

/// A GIF of frames, each with its delay in milliseconds, that repeats without end.
fn gif(frames: &[(&RgbImage, u32)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    if 1 < frames.len() {
        encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
    }
    for (pixels, delay_ms) in frames {
        let pixels = image::DynamicImage::from((*pixels).clone()).into_rgba8();
        let delay = Delay::from_numer_denom_ms(*delay_ms, 1);
        encoder.encode_frame(Frame::from_parts(pixels, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    bytes
}

/// A WebP of frames, each with its delay.
fn animated_webp(frames: &[(&RgbImage, u32)]) -> Vec<u8> {
    let chunk = |kind: &[u8], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        [kind, length.as_slice(), data, &[0][..data.len() % 2]].concat()
    };
    let side = |pixels: u32| (pixels - 1).to_le_bytes()[..3].to_vec();
    let (width, height) = frames[0].0.dimensions();
    let mut body = chunk(b"VP8X", &[vec![2, 0, 0, 0], side(width), side(height)].concat());
    body.extend(chunk(b"ANIM", &[0; 6]));
    for (pixels, delay_ms) in frames {
        let picture = &webp(pixels, None)[12..];
        let head = [vec![0; 6], side(width), side(height), delay_ms.to_le_bytes()[..3].to_vec()];
        body.extend(chunk(b"ANMF", &[&head.concat(), [0].as_slice(), picture].concat()));
    }
    let length = u32::try_from(body.len() + 4).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &length, b"WEBP", &body].concat()
}

/// A PNG with a default image, which is the first frame where it has a delay, and more frames.
fn apng(default: (&RgbImage, Option<u16>), frames: &[(&RgbImage, u16)]) -> Vec<u8> {
    let (width, height) = default.0.dimensions();
    let still = png(default.0, None);
    let mut numbers = 0_u32..;
    let mut next = || numbers.next().unwrap().to_be_bytes().to_vec();
    let control = |number: Vec<u8>, delay_ms: u16| {
        let place = [width, height, 0, 0].map(u32::to_be_bytes).concat();
        let data = [number, place, delay_ms.to_be_bytes().to_vec(), vec![3, 0xE8, 0, 0]].concat();
        chunk(*b"fcTL", &data)
    };
    let count = u32::try_from(frames.len()).unwrap() + u32::from(default.1.is_some());
    let mut bytes = still[..33].to_vec();
    bytes.extend(chunk(*b"acTL", &[count.to_be_bytes(), [0; 4]].concat()));
    bytes.extend(default.1.map(|delay_ms| control(next(), delay_ms)).unwrap_or_default());
    bytes.extend(&still[33..still.len() - 12]);
    for (pixels, delay_ms) in frames {
        bytes.extend(control(next(), *delay_ms));
        let (still, mut at) = (png(pixels, None), 33);
        while &still[at + 4..at + 8] == b"IDAT" {
            let length = u32::from_be_bytes(still[at..at + 4].try_into().unwrap()) as usize;
            let data = [next(), still[at + 8..at + 8 + length].to_vec()].concat();
            bytes.extend(chunk(*b"fdAT", &data));
            at += 12 + length;
        }
    }
    bytes.extend(&still[still.len() - 12..]);
    bytes
}

/// Of an animation the frame that people see is judged, and the photo says which.
#[test]
fn the_frame_that_people_see_is_judged() {
    let [hopper, coffee] = hopper_and_coffee();
    let seen = pdq(&png(&hopper, None));
    let check = |bytes: &[u8], frames: u32, judged: u32| {
        let photo = Photo::decode(bytes).unwrap();
        assert_eq!(photo.animation(), Some(Animation { frames, judged }));
        let distance = PhotoHashes::hash(photo.pixels()).pdq.distance(seen).0;
        assert!(distance <= 16, "{}: {distance} bits", photo.format().name());
    };
    let (brief, long) = ((&coffee, 20), (&hopper, 5000));
    check(&gif(&[brief, long]), 2, 1);
    check(&gif(&[long, brief, brief]), 3, 0);
    check(&animated_webp(&[brief, brief, long]), 3, 2);
    check(&animated_webp(&[long, brief]), 2, 0);
    check(&apng((&coffee, None), &[(&hopper, 60_000)]), 1, 0);
    check(&apng((&coffee, Some(20)), &[(&hopper, 5000)]), 2, 1);
    check(&apng((&hopper, Some(5000)), &[(&coffee, 20)]), 2, 0);
    let [once] = [gif(&[(&hopper, 0)])];
    assert_eq!(Photo::decode(&once).unwrap().animation(), None);
}

/// What is not read is refused by its name and never called damaged.
#[test]
fn unread_formats_are_named() {
    let named = |bytes: &[u8]| match refusal(bytes) {
        PhotoError::UnsupportedFormat { format, .. } => format,
        other => panic!("{other}"),
    };
    let jpeg = fixture("edge/jpeg-baseline.jpg");
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    for (marker, precision, expected) in [
        (0xC3, 8, "a lossless JPEG"),
        (0xC9, 8, "an arithmetic-coded JPEG"),
        (0xCA, 8, "an arithmetic-coded JPEG"),
        (0xC1, 12, "a 12-bit JPEG"),
        (0xC5, 8, "a hierarchical JPEG"),
    ] {
        let mut other = jpeg.clone();
        other[frame + 1] = marker;
        other[frame + 4] = precision;
        assert_eq!(named(&other), expected);
    }
    for (start, expected) in [
        (b"\0\0\0\x0CJXL \r\n\x87\n".as_slice(), "JPEG XL"),
        (b"\xFF\x0A\xFA\x1F", "JPEG XL"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xFF\x4F\xFF\x51\0\x2F", "JPEG 2000"),
        (b"II\xBC\x01\x20\0\0\0", "JPEG XR"),
        (b"II*\0\x08\0\0\0", "TIFF or a camera's raw file"),
        (b"BM\x36\0\0\0", "BMP"),
        (b"8BPS\0\x01", "a Photoshop file"),
        (b"\0\0\x01\0\x01\0", "an icon"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<?xml version='1.0'?>\n<!-- a -->\n<svg width='9'/>", "SVG"),
        (b"\n  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x1Cftypmif1\0\0\0\0avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  ", "a video or other ISO media file"),
        (b"\x1A\x45\xDF\xA3\x01\0\0\0", "a video (Matroska or WebM)"),
    ] {
        assert_eq!(named(start), expected);
    }
}
