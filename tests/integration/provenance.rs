//! Marks of origin: real files, files written as real programs write them, and hostile ones.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use image::RgbImage;
use photocheck::wire::ReportJson;
use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::matching::index::{Index, Scope};
use photocheck_core::photo::Photo;
use photocheck_core::provenance::{self, Mark};
use photocheck_core::verdict::Reason;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::marks::{
    ascii, exif, exif_segment, gif_with, international_chunk, jpeg_with, packed_chunk, png_chunk,
    png_with, text_chunk, user_comment, webp_with, with_segment, xmp, xmp_segment,
};
use crate::support::{checker, fixture, fixture_path, photocheck, shared, temporary_db};

const SOURCE_TYPE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/";
const SETTINGS: &str = "a secret prompt\nNegative prompt: none\nSteps: 20, Sampler: Euler a, \
    CFG scale: 7, Seed: 1234, Size: 512x512, Model hash: abc, Model: dreamy, Version: v1.10.1";

fn marks(bytes: &[u8]) -> Vec<Mark> {
    let photo = Photo::decode(bytes).unwrap();
    provenance::read(bytes, &photo, &PhotoHashes::hash(photo.pixels()))
}

/// What the marks say, without the context that every JPEG gives.
pub fn said(bytes: &[u8]) -> Vec<String> {
    let marks = marks(bytes);
    let shown = |it: &Mark| {
        let by = it.claimed_by.as_deref().unwrap_or("-");
        format!("{} {} {by}", it.kind.name(), it.claim.name())
    };
    marks.iter().filter(|it| it.kind.name() != "encoder").map(shown).collect()
}

pub fn check(bytes: &[u8], expected: &[&str]) {
    assert_eq!(said(bytes), expected);
}

pub fn source_type(word: &str) -> String {
    xmp(&format!("Iptc4xmpExt:DigitalSourceType=\"{SOURCE_TYPE}{word}\""), "")
}

/// Each real file says what the list of marks says, mark by mark.
#[test]
fn real_files_say_what_is_known_of_them() {
    let Some(folder) = shared("data/provenance") else { return };
    let mut rows = csv::Reader::from_path(folder.join("marks.csv")).unwrap();
    let mut compared = 0;
    for row in rows.deserialize::<BTreeMap<String, String>>().map(Result::unwrap) {
        let said = said(&std::fs::read(folder.join(&row["path"])).unwrap());
        for kind in row["kind_of_mark"].split(" + ") {
            let is_it = |says: &str| match kind {
                "C2PA" => says.starts_with("c2pa "),
                "EXIF Software" | "XMP text" => !says.starts_with("c2pa "),
                "EXIF UserComment" => says == "generator_text ai_generated Civitai",
                "XMP DigitalSourceType" => says.starts_with("digital_source_type "),
                "PNG tEXt:prompt" | "PNG tEXt:workflow" => {
                    says == "generator_text ai_generated ComfyUI"
                }
                other => panic!("a mark that this test does not know: {other}"),
            };
            assert!(said.iter().any(|says| is_it(says)), "{}: {kind}: {said:?}", row["path"]);
        }
        let words = [
            ("XMP DigitalSourceType", "/trainedAlgorithmicMedia", "ai_generated"),
            ("XMP DigitalSourceType", "/compositeWithTrainedAlgorithmicMedia", "ai_edited"),
            ("XMP DigitalSourceType", "/digitalCapture", "camera"),
        ];
        for (kind, word, says) in words {
            if row["kind_of_mark"].contains(kind) && row["what_it_says"].contains(word) {
                assert!(said.iter().any(|it| it.contains(says)), "{}: {said:?}", row["path"]);
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 29);
}

#[test]
fn a_source_type_is_read_in_every_container() {
    let packet = source_type("trainedAlgorithmicMedia");
    let expected = ["digital_source_type ai_generated -"];
    check(&jpeg_with(&[xmp_segment(&packet)]), &expected);
    check(&png_with(&[international_chunk("XML:com.adobe.xmp", &packet, false)]), &expected);
    check(&png_with(&[international_chunk("XML:com.adobe.xmp", &packet, true)]), &expected);
    check(&webp_with(&[(b"XMP ", packet.as_bytes())]), &expected);
    let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
    let head = b"\x21\xFF\x0BXMP DataXMP";
    check(&gif_with(&[[head, packet.as_bytes(), &trailer].concat()]), &expected);
}

#[test]
fn a_source_type_says_what_the_iptc_means_by_it() {
    for (word, says) in [
        ("compositeWithTrainedAlgorithmicMedia", "ai_edited"),
        ("algorithmicallyEnhanced", "edited"),
        ("digitalCapture", "camera"),
        ("somethingNew", "unknown"),
    ] {
        let expected = format!("digital_source_type {says} -");
        check(&jpeg_with(&[xmp_segment(&source_type(word))]), &[&expected]);
    }
    let element = "<Iptc4xmpExt:DigitalSourceType>trainedAlgorithmicMedia\
        </Iptc4xmpExt:DigitalSourceType>";
    let expected = ["digital_source_type ai_generated -"];
    check(&jpeg_with(&[xmp_segment(&xmp("", element))]), &expected);
    // An ingredient's type says nothing about the picture.
    let ingredient =
        format!("<xmp:Ingredient rdf:parseType=\"Resource\">{element}</xmp:Ingredient>");
    check(&jpeg_with(&[xmp_segment(&xmp("", &ingredient))]), &[]);
}

#[test]
fn settings_are_read_wherever_their_programs_write_them() {
    let expected = ["generator_text ai_generated Stable Diffusion web UI"];
    check(&png_with(&[text_chunk("parameters", SETTINGS)]), &expected);
    check(&png_with(&[packed_chunk("parameters", SETTINGS.as_bytes())]), &expected);
    check(&png_with(&[international_chunk("parameters", SETTINGS, true)]), &expected);
    let big: Vec<u8> = SETTINGS.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let little: Vec<u8> = SETTINGS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for comment in [
        user_comment("UNICODE\0", &big),
        user_comment("UNICODE\0", &little),
        user_comment("ASCII\0\0\0", SETTINGS.as_bytes()),
    ] {
        let exif = exif(&[], &[comment]);
        check(&jpeg_with(&[exif_segment(&exif)]), &expected);
        check(&webp_with(&[(b"EXIF", &exif)]), &expected);
        check(&png_with(&[png_chunk("eXIf", &exif)]), &expected);
    }
    check(&jpeg_with(&[(0xFE, SETTINGS.into())]), &expected);
    let found = marks(&png_with(&[text_chunk("parameters", SETTINGS)]));
    assert_eq!(found[0].detail("model"), Some("dreamy"));
    assert_eq!(found[0].detail("seed"), Some("1234"));
}

#[test]
fn each_generator_is_known_by_its_own_layout() {
    let comfy = r#"{"3":{"class_type":"KSampler","inputs":{"seed":7,"x":NaN}}}"#;
    let workflow = r#"{"nodes":[{"id":1,"type":"KSampler"}]}"#;
    let job = "a cat --v 6.1 Job ID: 01234567-89ab-cdef-0123-456789abcdef";
    let cases: [(&str, Vec<Vec<u8>>); 9] = [
        ("ComfyUI", vec![text_chunk("prompt", comfy), text_chunk("workflow", workflow)]),
        ("ComfyUI", vec![text_chunk("workflow", workflow)]),
        ("InvokeAI", vec![text_chunk("invokeai_metadata", r#"{"app_version":"5.0","seed":1}"#)]),
        ("InvokeAI", vec![text_chunk("sd-metadata", r#"{"model":"x","image":{"seed":1}}"#)]),
        ("InvokeAI", vec![text_chunk("Dream", "\"a cat\" -s 50 -S 1234 -W 512 -H 512")]),
        ("Midjourney", vec![text_chunk("Description", job)]),
        ("Fooocus", vec![text_chunk("parameters", r#"{"base_model":"x","seed":"1"}"#)]),
        ("SwarmUI", vec![text_chunk("parameters", r#"{"sui_image_params":{"seed":1}}"#)]),
        ("Easy Diffusion", {
            vec![text_chunk("seed", "1"), text_chunk("use_stable_diffusion_model", "sd-v1-4")]
        }),
    ];
    for (name, chunks) in cases {
        check(&png_with(&chunks), &[&format!("generator_text ai_generated {name}")]);
    }
    let comment = r#"{"steps":28,"seed":1,"sampler":"k_euler","scale":5.0}"#;
    let novel = [text_chunk("Software", "NovelAI"), text_chunk("Comment", comment)];
    let said = said(&png_with(&novel));
    assert!(said.contains(&"generator_text ai_generated NovelAI".into()), "{said:?}");
    let in_webp = exif(&[ascii(0x10F, &format!("workflow:{workflow}"))], &[]);
    check(&webp_with(&[(b"EXIF", &in_webp)]), &["generator_text ai_generated ComfyUI"]);
}

/// Words alone are no mark: only a generator's own layout is.
#[test]
fn a_text_that_speaks_of_generators_is_no_mark() {
    check(
        &png_with(&[
            text_chunk("parameters", "made with Stable Diffusion and Midjourney"),
            text_chunk("prompt", "a cat"),
            text_chunk("workflow", "{}"),
            text_chunk("Dream", "of sheep"),
            text_chunk("Description", "Steps: the way up. Job ID: none"),
            text_chunk("Title", "trainedAlgorithmicMedia"),
        ]),
        &[],
    );
    let after_end = [fixture("edge/png-8.png"), text_chunk("parameters", SETTINGS)].concat();
    check(&after_end, &[]);
    let segment = xmp_segment(&source_type("trainedAlgorithmicMedia")).1;
    check(&[fixture("edge/jpeg-baseline.jpg"), segment].concat(), &[]);
}

#[test]
fn the_label_of_china_is_read_in_all_its_places() {
    let label = |value: &str| format!(r#"{{"Label":{value},"ContentProducer":"Maker"}}"#);
    let expected = ["aigc_label ai_generated Maker"];
    let escaped = label("\"1\"").replace('"', "&quot;");
    let element = format!("<TC260:AIGC>{escaped}</TC260:AIGC>");
    check(&jpeg_with(&[xmp_segment(&xmp("", &element))]), &expected);
    check(&jpeg_with(&[xmp_segment(&xmp(&format!("TC260:AIGC=\"{escaped}\""), ""))]), &expected);
    check(&png_with(&[text_chunk("AIGC", &label("1"))]), &expected);
    let wrapped = format!(r#"{{"AIGC":{}}}"#, label("\"1\""));
    let comment = user_comment("ASCII\0\0\0", wrapped.as_bytes());
    check(&jpeg_with(&[exif_segment(&exif(&[], &[comment]))]), &expected);
    let suspected = png_with(&[text_chunk("AIGC", &label("\"3\""))]);
    check(&suspected, &["aigc_label unknown Maker"]);
    check(&png_with(&[text_chunk("AIGC", "yes")]), &["aigc_label invalid -"]);
}

#[test]
fn a_camera_is_named_and_a_foreign_thumbnail_found() {
    let camera = [ascii(0x10F, "Canon"), ascii(0x110, "Canon EOS 5D")];
    let exposure = (0x829A, 5, [0, 0, 0, 1, 0, 0, 0, 125].to_vec());
    let plain = exif(&camera, &[exposure]);
    check(&jpeg_with(&[exif_segment(&plain)]), &["camera camera Canon EOS 5D"]);
    check(&with_thumbnail(&small("photos/real-hopper.jpg")), &["thumbnail edited -"]);
    check(&with_thumbnail(&small("edge/jpeg-baseline.jpg")), &[]);
}

/// Cameras put bars beside a thumbnail, turn it, or cut the photo's ends off; none of these is
/// another picture, while one with the same bars is.
#[test]
fn a_thumbnail_with_bars_or_without_ends_shows_the_same_picture() {
    let own = small("edge/jpeg-baseline.jpg");
    let (width, height) = own.dimensions();
    let mut compared = 0;
    for (left, top, right, bottom) in [(0, 14, 0, 14), (0, 22, 0, 0), (30, 0, 30, 0), (9, 6, 3, 8)]
    {
        let barred = |picture: &RgbImage| {
            let (width, height) = (picture.width() + left + right, picture.height() + top + bottom);
            let mut barred = RgbImage::from_pixel(width, height, image::Rgb([4, 2, 3]));
            image::imageops::replace(&mut barred, picture, left.into(), top.into());
            barred
        };
        check(&with_thumbnail(&barred(&own)), &[]);
        check(&with_thumbnail(&image::imageops::rotate90(&barred(&own))), &[]);
        let foreign = barred(&small("photos/real-hopper.jpg"));
        check(&with_thumbnail(&foreign), &["thumbnail edited -"]);
        compared += 1;
    }
    assert_eq!(compared, 4);
    let middle = image::imageops::crop_imm(&own, width / 8, 0, width * 3 / 4, height).to_image();
    check(&with_thumbnail(&middle), &[]);
}

/// A photo of the fixtures as small as a thumbnail.
fn small(photo: &str) -> RgbImage {
    image::load_from_memory(&fixture(photo)).unwrap().thumbnail(160, 120).into_rgb8()
}

/// The JPEG of the fixtures with this thumbnail.
fn with_thumbnail(small: &RgbImage) -> Vec<u8> {
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 75).encode_image(small).unwrap();
    let mut exif = b"MM\0*\0\0\0\x08\0\0\0\0\0\x0E\0\x02".to_vec();
    for (tag, value) in [(0x201_u16, 44), (0x202, u32::try_from(jpeg.len()).unwrap())] {
        exif.extend(tag.to_be_bytes());
        exif.extend([0, 4, 0, 0, 0, 1]);
        exif.extend(value.to_be_bytes());
    }
    exif.extend([0; 4]);
    assert_eq!(exif.len(), 44);
    exif.extend(jpeg);
    jpeg_with(&[exif_segment(&exif)])
}

#[test]
fn the_policy_believes_who_declares_a_picture_ai_made() {
    let report = |bytes: &[u8]| {
        let report = checker().check(bytes, &Index::default(), &Scope::Everything).unwrap();
        serde_json::to_value(ReportJson::from(&report)).unwrap()
    };
    let made = report(&png_with(&[text_chunk("parameters", SETTINGS)]));
    assert_eq!(made["verdict"], "fake");
    let codes = |report: &Value| report["reasons"].to_string();
    assert!(codes(&made).contains("DECLARED_AI_GENERATED"), "{made}");
    assert!(!made.to_string().contains("secret"), "the prompt stays in the file: {made}");
    assert_eq!(made["evidence"]["provenance"][0]["detail"]["seed"], "1234");
    let plain = report(&fixture("edge/jpeg-baseline.jpg"));
    let edited = source_type("compositeWithTrainedAlgorithmicMedia");
    let edited = report(&jpeg_with(&[xmp_segment(&edited)]));
    assert_eq!(edited["verdict"], plain["verdict"], "an edit alone decides nothing");
    assert!(codes(&edited).contains("DECLARED_AI_EDITED"), "{edited}");
    let camera = exif(&[ascii(0x10F, "Canon")], &[]);
    let camera = report(&jpeg_with(&[exif_segment(&camera)]));
    assert_eq!(camera["verdict"], plain["verdict"], "a camera's name lowers nothing");
}

/// A camera's name on a photo that scores as AI-made is told, and changes no verdict.
#[test]
fn a_camera_that_contradicts_the_pixels_is_told() {
    let Some(folder) = shared("data/faces") else { return };
    let camera = exif_segment(&exif(&[ascii(0x10F, "Canon")], &[]));
    let mut rows = csv::Reader::from_path(folder.join("val.csv")).unwrap();
    let rows = rows.deserialize::<BTreeMap<String, String>>().map(Result::unwrap);
    let check =
        |photo: &[u8]| checker().check(photo, &Index::default(), &Scope::Everything).unwrap();
    let codes =
        |photo: &[u8]| -> Vec<&str> { check(photo).reasons.iter().map(Reason::code).collect() };
    let mut compared = BTreeMap::new();
    for row in rows.filter(|row| row["label"] == "1") {
        let photo = std::fs::read(folder.join(&row["path"])).unwrap();
        let with_camera = with_segment(&photo, &camera);
        let looks_made = codes(&photo).contains(&"SYNTHETIC_FACE");
        let is_told = codes(&with_camera).contains(&"CAMERA_CONTRADICTED");
        assert_eq!(is_told, looks_made, "{}", row["path"]);
        assert_eq!(check(&with_camera).verdict, check(&photo).verdict, "{}", row["path"]);
        *compared.entry(looks_made).or_insert(0) += 1;
        if 2 <= compared.len() {
            return;
        }
    }
    panic!("no photo of each kind: {compared:?}");
}

/// Hostile files: each is read in little time and memory, and says that it is broken.
#[test]
fn hostile_marks_are_bounded() {
    let packet = source_type("trainedAlgorithmicMedia");
    let deep = xmp("", &format!("{}{}", "<a>".repeat(9_000), "</a>".repeat(9_000)));
    let attributes: String = (0..5_000).fold(String::new(), |all, n| all + &format!("a{n}='' "));
    let bomb = packed_chunk("Comment", &vec![b'x'; 50_000_000]);
    let mut wrong = text_chunk("parameters", SETTINGS);
    *wrong.last_mut().unwrap() ^= 1;
    let nested = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
    let broken = ["unreadable invalid -"];
    let limited = ["unreadable unknown -"];
    let cases: [(&str, Vec<u8>, &[&str]); 11] = [
        ("zip bomb", png_with(std::slice::from_ref(&bomb)), &limited),
        ("forty zip bombs", png_with(&vec![bomb; 40]), &limited),
        ("wrong checksum", png_with(&[wrong]), &broken),
        ("10,000 texts", png_with(&vec![text_chunk("a", "b"); 10_000]), &limited),
        ("10,000 segments", jpeg_with(&vec![(0xFE, vec![0; 4]); 10_000]), &limited),
        ("10,000 pictures", gif_with(&vec![b"\x21\xFE\x01x\0".to_vec(); 10_000]), &limited),
        ("deep XML", webp_with(&[(b"XMP ", deep.as_bytes())]), &[]),
        ("many attributes", webp_with(&[(b"XMP ", xmp(&attributes, "").as_bytes())]), &limited),
        ("entities", jpeg_with(&[xmp_segment(entities)]), &broken),
        ("cut XML", jpeg_with(&[xmp_segment(&packet[..packet.len() / 2])]), &broken),
        ("nested JSON", png_with(&[text_chunk("prompt", &nested)]), &[]),
    ];
    for (name, bytes, expected) in &cases {
        let start = Instant::now();
        let said = said(bytes);
        assert!(start.elapsed() < Duration::from_secs(5), "{name} took {:?}", start.elapsed());
        assert_eq!(said, *expected, "{name}");
    }
}

/// EXIF whose directories point at each other, overlap, or claim what is not there.
#[test]
fn hostile_exif_is_bounded() {
    let cyclic = b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08".to_vec();
    let count = 5_400_u32;
    let mut overlapping = b"MM\0*\0\0\0\x08\x15\x18".to_vec();
    for entry in 0..count {
        overlapping.extend(b"\x87\x69\0\x04\0\0\0\x01");
        overlapping.extend((10 + 12 * entry).to_be_bytes());
    }
    let huge = b"II*\0\x08\0\0\0\x01\0\x0F\x01\x02\0\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0".to_vec();
    let far = b"II*\0\xFF\xFF\xFF\xFF".to_vec();
    for exif in [cyclic, overlapping, huge, far] {
        let start = Instant::now();
        check(&jpeg_with(&[exif_segment(&exif)]), &[]);
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
    check(&jpeg_with(&[exif_segment(b"no header")]), &["unreadable invalid -"]);
}

#[test]
fn inspect_shows_what_was_found() {
    let (folder, db) = temporary_db();
    let file = folder.path().join("made.png");
    std::fs::write(&file, png_with(&[text_chunk("parameters", SETTINGS)])).unwrap();
    let empty = fixture_path("edge/png-8.png");
    let paths = [file.to_str().unwrap(), empty.to_str().unwrap()];
    let output = photocheck(&db, ["inspect", paths[0], paths[1]]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("ai_generated  generator_text, by Stable Diffusion web UI"), "{text}");
    assert!(text.contains("no mark of origin; that proves nothing"), "{text}");
    let output = photocheck(&db, ["inspect", "--json", paths[0]]);
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["provenance"][0]["detail"]["model"], "dreamy");
    let hostile = fixture_path("hostile/text.jpg");
    let output = photocheck(&db, ["inspect", hostile.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
}

/// Files with a mark of each kind, to be damaged.
fn marked() -> Vec<Vec<u8>> {
    let packet = source_type("trainedAlgorithmicMedia");
    let comment = user_comment("UNICODE\0", SETTINGS.as_bytes());
    let exif = exif(&[ascii(0x10F, "Canon"), ascii(0x131, "GIMP 2.10")], &[comment]);
    vec![
        jpeg_with(&[exif_segment(&exif), xmp_segment(&packet), (0xFE, SETTINGS.into())]),
        png_with(&[
            packed_chunk("parameters", SETTINGS.as_bytes()),
            international_chunk("XML:com.adobe.xmp", &packet, true),
            png_chunk("eXIf", &exif),
        ]),
        webp_with(&[(b"EXIF", &exif), (b"XMP ", packet.as_bytes())]),
        gif_with(&[b"\x21\xFE\x04abcd\0".to_vec()]),
        with_thumbnail(&small("photos/real-hopper.jpg")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Damaged in some bytes and cut anywhere, no container makes a walker or a reader panic.
    #[test]
    fn no_damage_panics(
        which in 0..5_usize,
        places in prop::collection::vec((any::<bool>(), 0..2_048_usize, any::<u8>()), 0..24),
        end in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = marked().swap_remove(which);
        let photo = Photo::decode(&bytes).unwrap();
        let hashes = PhotoHashes::hash(photo.pixels());
        // Marks stand in the first or the last kilobytes of these files.
        let length = bytes.len();
        for (is_late, place, value) in places {
            let place = place % length;
            bytes[if is_late { length - 1 - place } else { place }] = value;
        }
        if is_cut {
            bytes.truncate(end.index(length));
        }
        let marks = provenance::read(&bytes, &photo, &hashes);
        prop_assert!(marks.len() <= photocheck_core::limits::MARKS_MAX);
    }
}
