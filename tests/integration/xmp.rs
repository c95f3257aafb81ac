//! XMP in several packets, and packets with a flaw.

use std::time::{Duration, Instant};

use photocheck_core::provenance::blocks::Blocks;
use photocheck_core::provenance::{Claim, read_blocks};
use proptest::prelude::*;
use serde_json::Value;

use crate::provenance::{check, said, source_type};
use crate::support::marks::{
    gif_with, international_chunk, jpeg_with, packed_chunk, png_with, text_chunk, webp_with, xmp,
    xmp_segment,
};
use crate::support::{photocheck, temporary_db};

const AI: &str = "digital_source_type ai_generated -";
const DAMAGED: &str = "unreadable invalid -";
const WORD: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

fn gif_block(data: &[&[u8]]) -> Vec<u8> {
    [b"\x21\xFF\x0BXMP DataXMP", &data.concat()[..]].concat()
}

/// The bytes that lead readers which do not know XMP to the end of its block.
fn gif_trailer() -> Vec<u8> {
    [1].into_iter().chain((0..=255).rev()).chain([0]).collect()
}

/// A packet in each container.
fn files_with(packets: &[&[u8]]) -> Vec<Vec<u8>> {
    let segment = |packet: &&[u8]| (0xE1, [b"http://ns.adobe.com/xap/1.0/\0", *packet].concat());
    let chunk = |packet: &&[u8]| {
        let head = b"XML:com.adobe.xmp\0\0\0\0\0";
        crate::support::marks::png_chunk("iTXt", &[head, *packet].concat())
    };
    let block = |packet: &&[u8]| gif_block(&[packet, &gif_trailer()]);
    vec![
        jpeg_with(&packets.iter().map(segment).collect::<Vec<_>>()),
        png_with(&packets.iter().map(chunk).collect::<Vec<_>>()),
        webp_with(&packets.iter().map(|packet| (b"XMP ", *packet)).collect::<Vec<_>>()),
        gif_with(&packets.iter().map(block).collect::<Vec<_>>()),
    ]
}

fn check_all(packets: &[&[u8]], expected: &[&str]) {
    for (place, file) in files_with(packets).iter().enumerate() {
        assert_eq!(said(file), expected, "container {place}");
    }
}

/// A mark in any packet is a mark: nothing says that the first one is the true one.
#[test]
fn every_packet_is_read() {
    let (plain, ai) = (xmp("", ""), source_type("trainedAlgorithmicMedia"));
    let tool = xmp("xmp:CreatorTool=\"GIMP 2.10\"", "");
    let (plain, ai, tool) = (plain.as_bytes(), ai.as_bytes(), tool.as_bytes());
    check_all(&[plain, ai], &[AI]);
    check_all(&[ai, plain], &[AI]);
    check_all(&[plain, ai, ai, plain], &[AI]);
    check_all(&[tool, plain, ai], &[AI, "software edited GIMP 2.10"]);
    check_all(&[b"no packet", ai], &[AI, DAMAGED]);

    let (folder, db) = temporary_db();
    let file = folder.path().join("second.jpg");
    std::fs::write(&file, &files_with(&[plain, ai])[0]).unwrap();
    let output = photocheck(&db, ["check", "--json", file.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "fake");
    assert!(report["reasons"].to_string().contains("DECLARED_AI_GENERATED"), "{report}");
}

#[test]
fn an_extended_packet_is_put_together_from_its_pieces() {
    let packet = "0123456789ABCDEF0123456789ABCDEF";
    let main = xmp_segment(&xmp(&format!("xmpNote:HasExtendedXMP=\"{packet}\""), ""));
    let extended = source_type("trainedAlgorithmicMedia").into_bytes();
    let piece = |from: usize, to: usize| {
        let mut body = b"http://ns.adobe.com/xmp/extension/\0".to_vec();
        body.extend(packet.as_bytes());
        body.extend(u32::try_from(extended.len()).unwrap().to_be_bytes());
        body.extend(u32::try_from(from).unwrap().to_be_bytes());
        body.extend(&extended[from..to]);
        (0xE1, body)
    };
    let end = extended.len();
    let whole = [main.clone(), piece(200, end), piece(0, 200)];
    check(&jpeg_with(&whole), &[AI]);
    for pieces in [vec![piece(0, 200)], vec![piece(0, 200), piece(100, end)], vec![]] {
        let segments: Vec<_> = [main.clone()].into_iter().chain(pieces).collect();
        check(&jpeg_with(&segments), &[DAMAGED]);
    }
    // One that is there twice changes nothing.
    check(&jpeg_with(&[main.clone(), piece(0, 200), piece(0, 200), piece(200, end)]), &[AI]);
    // A program that does not know of extended packets wrote the first one anew.
    check(&jpeg_with(&[xmp_segment(&xmp("", "")), piece(0, end)]), &[AI]);
    // Its length is wrong, or its end is missing: what is there is read.
    let cut = |length: usize, to: usize| {
        let (marker, mut body) = piece(0, to);
        let at = b"http://ns.adobe.com/xmp/extension/\0".len() + packet.len();
        body[at..at + 4].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        jpeg_with(&[main.clone(), (marker, body)])
    };
    check(&cut(end + 7, end), &[AI, DAMAGED]);
    check(&cut(7, end), &[AI, DAMAGED]);
    check(&cut(end, end - 40), &[AI, DAMAGED]);
    check(&cut(end, 300), &[DAMAGED]);
}

/// What stands whole before or around a flaw counts.
#[test]
fn a_packet_with_a_flaw_is_read_up_to_it() {
    let attribute = source_type("trainedAlgorithmicMedia");
    let element =
        xmp("", &format!("<Iptc4xmpExt:DigitalSourceType>{WORD}</Iptc4xmpExt:DigitalSourceType>"));
    for packet in [&attribute, &element] {
        let read = |flawed: String, expected: &[&str]| check_all(&[flawed.as_bytes()], expected);
        let control = "<xmp:Nickname>a\u{1}b\u{1f}</xmp:Nickname></rdf:Description>";
        read(packet.replace("</rdf:Description>", control), &[AI]);
        read(packet.replace("rdf:about=\"\"", "rdf:about=\"\u{3}\""), &[AI]);
        read(packet.replace("rdf:about=\"\"", "rdf:about=\"\" lost:prefix=\"1\""), &[AI]);
        read(packet.replace("xmlns:Iptc4xmpExt", "xmlns:other"), &[AI]);
        read(packet.replace("rdf:about=\"\"", "rdf:about=\"a & b\""), &[AI]);
        read(packet.clone() + &" \n".repeat(2000), &[AI]);
        check(&jpeg_with(&[xmp_segment(&format!("\0\n{packet}\0\0"))]), &[AI]);
        read(packet.clone() + "<<<&", &[AI]);
        let tail = packet.find("</rdf:Description>").unwrap();
        read(packet[..tail].to_owned(), &[AI, DAMAGED]);
        read(packet[..tail + 9].to_owned(), &[AI, DAMAGED]);
        read(packet[..tail].to_owned() + "<lost>", &[AI, DAMAGED]);
        read(packet[..tail].to_owned() + "</x:xmpmeta>", &[AI, DAMAGED]);
        // Nothing is completed or guessed.
        let word = packet.find("AlgorithmicMedia").unwrap();
        read(packet[..word + 16].to_owned(), &[DAMAGED]);
        read(packet.replace("Iptc4xmpExt:D", "photo:D"), &[]);
        let unknown = ["digital_source_type unknown -"];
        let expected = if *packet == element { &unknown[..0] } else { &unknown };
        read(packet.replace("trainedAlg", "trained&lost;Alg"), expected);
        read(packet.replace("22-rdf-syntax-ns#", "x"), &[DAMAGED]);
        let not_utf8 = packet.replace("rdf:about=\"\"", "rdf:about=\"~\"").into_bytes();
        let not_utf8: Vec<u8> =
            not_utf8.iter().map(|byte| if *byte == b'~' { 0xE9 } else { *byte }).collect();
        check_all(&[&not_utf8], &[AI]);
    }
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        attribute.encode_utf16().flat_map(to_bytes).collect()
    };
    check(&webp_with(&[(b"XMP ", &utf16(u16::to_be_bytes))]), &[AI]);
    check(&webp_with(&[(b"XMP ", &utf16(u16::to_le_bytes))]), &[AI]);
}

/// As `ImageMagick` and exiv2 write it into a PNG.
#[test]
fn a_raw_profile_of_a_png_is_read() {
    let packet = source_type("trainedAlgorithmicMedia");
    let digits = hex::encode(&packet).into_bytes();
    let lines: Vec<&str> =
        digits.chunks(72).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let profile = format!("\nxmp\n{:8}\n{}\n", packet.len(), lines.join("\n"));
    let keyword = "Raw profile type xmp";
    check(&png_with(&[packed_chunk(keyword, profile.as_bytes())]), &[AI]);
    let plain = international_chunk("XML:com.adobe.xmp", &xmp("", ""), false);
    check(&png_with(&[plain, text_chunk(keyword, &profile)]), &[AI]);
    let cut = &profile[..profile.len() - 41];
    check(&png_with(&[text_chunk(keyword, cut)]), &[AI, DAMAGED]);
    check(&png_with(&[text_chunk(keyword, "xmp")]), &[DAMAGED]);
    check(&png_with(&[text_chunk(keyword, &profile.replace('3', "x"))]), &[DAMAGED]);
}

#[test]
fn a_gif_may_hold_its_packet_in_pieces() {
    let packet = source_type("trainedAlgorithmicMedia");
    let mut pieces = Vec::new();
    for piece in packet.as_bytes().chunks(255) {
        pieces.push(u8::try_from(piece.len()).unwrap());
        pieces.extend(piece);
    }
    check(&gif_with(&[gif_block(&[&pieces, &[0]])]), &[AI]);
    // Without the bytes behind it: the block ends where its text, read as lengths, leads to.
    let mut end = 0;
    while end < packet.len() {
        end += 1 + usize::from(packet.as_bytes()[end]);
    }
    let padding = vec![b' '; end - packet.len()];
    check(&gif_with(&[gif_block(&[packet.as_bytes(), &padding, &[0]])]), &[AI]);
}

/// Thousands of packets, and packets full of what costs time, are bounded.
#[test]
fn hostile_packets_are_bounded() {
    let ai = source_type("trainedAlgorithmicMedia");
    let numbered = |number: usize| xmp_segment(&xmp(&format!("xmp:Nickname=\"{number}\""), ""));
    let many: Vec<_> = (0..3000).map(numbered).chain([xmp_segment(&ai)]).collect();
    let names: String = (0..200).fold(String::new(), |all, n| all + &format!(" xmlns:a{n}='b'"));
    let nested = [format!("<a{names}>").repeat(18), "<c:d/>".repeat(9_900), "</a>".repeat(18)];
    let nested = xmp("", &nested.concat());
    let big = xmp("", &"<a>x</a>".repeat(12_000));
    let keyword = "XML:com.adobe.xmp";
    let twenty: Vec<_> = (0..20).map(|n| text_chunk(keyword, &format!("{n}{big}"))).collect();
    let limited = "unreadable unknown -";
    let cases: [(&str, Vec<u8>, bool); 4] = [
        ("3000 packets", jpeg_with(&many), true),
        ("prefixes", webp_with(&[(b"XMP ", nested.as_bytes())]), false),
        ("a large packet", webp_with(&[(b"XMP ", big.as_bytes())]), true),
        ("twenty large packets", png_with(&twenty), true),
    ];
    for (name, bytes, is_limited) in &cases {
        let start = Instant::now();
        let said = said(bytes);
        assert!(start.elapsed() < Duration::from_secs(5), "{name} took {:?}", start.elapsed());
        assert_eq!(said.iter().any(|it| it == limited), *is_limited, "{name}: {said:?}");
    }
    // What stands before the flood is read.
    let first: Vec<_> = [xmp_segment(&ai)].into_iter().chain((0..3000).map(numbered)).collect();
    check(&jpeg_with(&first), &[AI, limited]);
    let chunk = international_chunk("XML:com.adobe.xmp", &ai, true);
    check(&png_with(&[chunk]), &[AI]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Damaged in some bytes and cut anywhere, a packet makes nothing panic, and no mark comes out
    /// of it whose word does not stand in it whole.
    #[test]
    fn no_damaged_packet_panics_or_says_more(
        as_element: bool,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        end in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let element =
            format!("<Iptc4xmpExt:DigitalSourceType>{WORD}</Iptc4xmpExt:DigitalSourceType>");
        let packet =
            if as_element { xmp("", &element) } else { source_type("trainedAlgorithmicMedia") };
        let mut bytes = packet.into_bytes();
        let length = bytes.len();
        for (place, value) in places {
            bytes[place.index(length)] = value;
        }
        if is_cut {
            bytes.truncate(end.index(length));
        }
        let word = b"trainedalgorithmicmedia";
        let lower = bytes.to_ascii_lowercase();
        let is_there = lower.windows(word.len()).any(|window| window == word);
        let marks = read_blocks(&Blocks { xmp: vec![bytes.into()], ..Blocks::default() });
        let says_ai = marks.iter().any(|it| it.claim == Claim::AiGenerated);
        prop_assert!(is_there || !says_ai, "{marks:?}");
    }
}
