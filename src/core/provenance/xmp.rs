//! XMP: the properties of a packet that tell where a picture comes from.
//!
//! A packet is XML. Only properties of the picture itself count, as attribute or as element of a
//! top-level description: those of an ingredient or of a person shown are about something else. A
//! packet too large for one JPEG segment goes on in pieces, which are put together when none is
//! missing. Document types are refused, nodes and attributes limited.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use super::blocks::{Blocks, Fault, Place, Text, XmpPiece};
use crate::core::limits;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const NOTE: &str = "http://ns.adobe.com/xmp/note/";

/// The properties that are taken out: namespace and name.
const PROPERTIES: [(&str, &str); 10] = [
    ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "DigitalSourceType"),
    ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "AISystemUsed"),
    ("http://ns.adobe.com/xap/1.0/", "CreatorTool"),
    ("http://ns.adobe.com/photoshop/1.0/", "Credit"),
    ("http://ns.adobe.com/tiff/1.0/", "Software"),
    ("http://ns.adobe.com/exif/1.0/", "UserComment"),
    ("http://purl.org/dc/elements/1.1/", "description"),
    ("http://www.tc260.org.cn/ns/AIGC/1.0/", "AIGC"),
    ("http://www.tc260.org.cn/ns/AIGC/1.0/", "aigc"),
    (NOTE, "HasExtendedXMP"),
];

/// The properties of a file's packets, and what could not be read of them.
#[must_use]
pub(super) fn read(blocks: &Blocks<'_>) -> (Vec<Text<'static>>, Vec<Fault>) {
    let (mut texts, mut faults) = (Vec::new(), Vec::new());
    let Some(packet) = &blocks.xmp else { return (texts, faults) };
    if let Err(fault) = take(packet, &mut texts) {
        faults.push(fault);
    }
    let extended = texts.iter().find(|text| text.keyword == "HasExtendedXMP");
    if let Some(extended) = extended {
        let taken = put_together(&blocks.xmp_pieces, extended.value.as_bytes())
            .and_then(|packet| take(&packet, &mut texts));
        faults.extend(taken.err());
    }
    (texts, faults)
}

fn take(packet: &[u8], texts: &mut Vec<Text<'static>>) -> Result<(), Fault> {
    let packet = packet.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(packet);
    let broken = Fault::damaged("xmp", "no XML of this kind");
    let text = std::str::from_utf8(packet).map_err(|_| broken)?.trim_matches(['\0', ' ', '\n']);
    let attributes = text.bytes().filter(|byte| *byte == b'=').count();
    if limits::XMP_ATTRIBUTES_MAX < attributes {
        return Err(Fault::too_many("xmp attributes"));
    }
    let options =
        ParsingOptions { nodes_limit: limits::XMP_NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => Fault::too_many("xmp nodes"),
        _ => broken,
    })?;
    let descriptions = document
        .root()
        .descendants()
        .filter(|node| node.has_tag_name((RDF, "RDF")))
        .flat_map(|rdf| rdf.children())
        .filter(|node| node.has_tag_name((RDF, "Description")));
    for description in descriptions {
        for (namespace, name) in PROPERTIES {
            let attribute = description.attribute((namespace, name)).map(str::to_owned);
            let elements = description.children().filter(|n| n.has_tag_name((namespace, name)));
            let elements = elements.take(2).filter_map(|element| value_of(&element));
            for value in attribute.into_iter().chain(elements) {
                let keyword = Cow::Borrowed(name);
                texts.push(Text { place: Place::Xmp, keyword, value: Cow::Owned(value) });
            }
        }
        if limits::TEXTS_MAX < texts.len() {
            return Err(Fault::too_many("xmp descriptions"));
        }
    }
    Ok(())
}

/// The value of a property's element: its text, what it points to, or the first of a list.
fn value_of(element: &Node<'_, '_>) -> Option<String> {
    if let Some(resource) = element.attribute((RDF, "resource")) {
        return Some(resource.to_owned());
    }
    let item = element.descendants().find(|node| node.has_tag_name((RDF, "li")));
    let text = item.as_ref().unwrap_or(element).text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Puts an extended packet together from its pieces, in whatever order they stand.
fn put_together(pieces: &[XmpPiece<'_>], packet: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut pieces: Vec<_> = pieces.iter().filter(|piece| piece.packet == packet).collect();
    pieces.sort_by_key(|piece| piece.offset);
    let length = pieces.first().map_or(0, |piece| piece.bytes_all);
    if limits::MARK_BYTES_MAX < length {
        return Err(Fault::too_large("extended xmp"));
    }
    let mut whole = Vec::new();
    for piece in pieces {
        if piece.offset != whole.len() || length < whole.len() + piece.data.len() {
            return Err(Fault::damaged("extended xmp", "its pieces do not fit"));
        }
        whole.extend_from_slice(piece.data);
    }
    if whole.is_empty() || whole.len() != length {
        return Err(Fault::damaged("extended xmp", "pieces are missing"));
    }
    Ok(whole)
}
