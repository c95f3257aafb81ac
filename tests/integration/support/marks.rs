//! Files with marks of origin, written with the layout that real programs write: a fixture's
//! picture, and around it the segments, chunks or blocks of a case.

use std::io::Write;

use super::fixture;

/// The JPEG of the fixtures with more segments: marker and body.
pub fn jpeg_with(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let picture = fixture("edge/jpeg-baseline.jpg");
    let (start, rest) = picture.split_at(2);
    let segments: Vec<_> = segments.iter().map(segment).collect();
    [start, &segments.concat(), rest].concat()
}

/// A JPEG with one more segment, before all others.
pub fn with_segment(jpeg: &[u8], added: &(u8, Vec<u8>)) -> Vec<u8> {
    [&jpeg[..2], &segment(added), &jpeg[2..]].concat()
}

fn segment((marker, body): &(u8, Vec<u8>)) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, *marker], length.as_slice(), body].concat()
}

/// A chunk of a PNG with its checksum.
pub fn png_chunk(kind: &str, data: &[u8]) -> Vec<u8> {
    let named = [kind.as_bytes(), data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    [&length, named.as_slice(), &checksum].concat()
}

/// The PNG of the fixtures with more chunks before its pixels.
pub fn png_with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let picture = fixture("edge/png-8.png");
    // The signature and the header chunk.
    let (head, rest) = picture.split_at(33);
    [head, &chunks.concat(), rest].concat()
}

/// A text chunk of a PNG.
pub fn text_chunk(keyword: &str, value: &str) -> Vec<u8> {
    png_chunk("tEXt", &[keyword.as_bytes(), b"\0", value.as_bytes()].concat())
}

/// A compressed text chunk of a PNG.
pub fn packed_chunk(keyword: &str, value: &[u8]) -> Vec<u8> {
    png_chunk("zTXt", &[keyword.as_bytes(), b"\0\0", &zlib(value)].concat())
}

/// An international text chunk of a PNG, compressed or not.
pub fn international_chunk(keyword: &str, value: &str, is_packed: bool) -> Vec<u8> {
    let text = if is_packed { zlib(value.as_bytes()) } else { value.as_bytes().to_vec() };
    let head = [u8::from(is_packed), 0];
    png_chunk("iTXt", &[keyword.as_bytes(), b"\0", &head, b"en\0\0", &text].concat())
}

pub fn zlib(value: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(value).unwrap();
    encoder.finish().unwrap()
}

/// The WebP of the fixtures with more chunks behind its picture.
pub fn webp_with(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = fixture("edge/webp-lossy.webp");
    for (name, data) in chunks {
        bytes.extend(*name);
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(*data);
        bytes.extend(&[0][..data.len() % 2]);
    }
    let length = u32::try_from(bytes.len() - 8).unwrap();
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// The GIF of the fixtures with more blocks before its end.
pub fn gif_with(blocks: &[Vec<u8>]) -> Vec<u8> {
    let picture = fixture("edge/gif.gif");
    let (rest, end) = picture.split_at(picture.len() - 1);
    assert_eq!(end, b";");
    [rest, &blocks.concat(), end].concat()
}

/// XMP with these attributes and elements of its description.
pub fn xmp(attributes: &str, elements: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" \
         xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" \
         xmlns:TC260=\"http://www.tc260.org.cn/ns/AIGC/1.0/\" {attributes}>{elements}\
         </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    )
}

/// The XMP segment of a JPEG.
pub fn xmp_segment(packet: &str) -> (u8, Vec<u8>) {
    (0xE1, [b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()].concat())
}

/// A field of EXIF: tag, type, value.
pub type Field = (u16, u16, Vec<u8>);

/// EXIF of big-endian fields in the first directory and in the inner one.
pub fn exif(first: &[Field], inner: &[Field]) -> Vec<u8> {
    let mut bytes = b"MM\0*\0\0\0\x08".to_vec();
    // Directory, count, pointer to the inner one, next directory.
    let inner_at = 8 + 2 + 12 * (first.len() + 1) + 4 + values_length(first);
    let pointer = (0x8769, 4, u32::try_from(inner_at).unwrap().to_be_bytes().to_vec());
    let first: Vec<Field> = first.iter().cloned().chain([pointer]).collect();
    for fields in [first.as_slice(), inner] {
        let start = bytes.len();
        let mut values: Vec<u8> = Vec::new();
        bytes.extend(u16::try_from(fields.len()).unwrap().to_be_bytes());
        for (tag, kind, value) in fields {
            let size = [0, 1, 1, 2, 4, 8, 1, 1][usize::from(*kind)];
            bytes.extend(tag.to_be_bytes());
            bytes.extend(kind.to_be_bytes());
            bytes.extend(u32::try_from(value.len() / size).unwrap().to_be_bytes());
            if value.len() <= 4 {
                bytes.extend(value);
                bytes.extend(&[0; 4][value.len()..]);
            } else {
                let at = start + 2 + 12 * fields.len() + 4 + values.len();
                bytes.extend(u32::try_from(at).unwrap().to_be_bytes());
                values.extend(value);
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(values);
    }
    bytes
}

fn values_length(fields: &[Field]) -> usize {
    fields.iter().map(|(_, _, value)| value.len()).filter(|length| 4 < *length).sum()
}

/// A text field.
pub fn ascii(tag: u16, value: &str) -> Field {
    (tag, 2, [value.as_bytes(), b"\0"].concat())
}

/// The comment field, after the name of its encoding.
pub fn user_comment(encoding: &str, value: &[u8]) -> Field {
    (0x9286, 7, [encoding.as_bytes(), value].concat())
}

/// The EXIF segment of a JPEG.
pub fn exif_segment(exif: &[u8]) -> (u8, Vec<u8>) {
    (0xE1, [b"Exif\0\0", exif].concat())
}
