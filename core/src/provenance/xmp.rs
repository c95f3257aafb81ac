//! XMP: the properties of a file's packets that tell where its picture comes from.
//!
//! A packet is XML. Only properties of the picture itself count, as attribute or as element of a
//! top-level description: those of an ingredient or of a person shown are about something else.
//! A file may hold several packets, and one that is too large for a JPEG segment goes on in pieces;
//! a mark in any of them is a mark.
//!
//! A packet with a flaw is read up to it: what stands whole before the flaw counts, nothing is
//! completed. A property whose prefix is not declared counts under the prefix that its namespace
//! is registered with. Document types are refused; nodes and attributes are limited.

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::{LocalName, Namespace, ResolveResult};

use super::blocks::{Blocks, Fault, Section, Text, XmpPiece};
use crate::limits;

/// A namespace and its registered prefix.
type Space = (&'static str, &'static str);

const RDF: Space = ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf");
const IPTC: Space = ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt");
const XMP: Space = ("http://ns.adobe.com/xap/1.0/", "xmp");
const PHOTOSHOP: Space = ("http://ns.adobe.com/photoshop/1.0/", "photoshop");
const TIFF: Space = ("http://ns.adobe.com/tiff/1.0/", "tiff");
const EXIF: Space = ("http://ns.adobe.com/exif/1.0/", "exif");
const DC: Space = ("http://purl.org/dc/elements/1.1/", "dc");
const TC260: Space = ("http://www.tc260.org.cn/ns/AIGC/1.0/", "TC260");
const NOTE: Space = ("http://ns.adobe.com/xmp/note/", "xmpNote");

/// The properties that are taken out.
const PROPERTIES: [(Space, &str); 10] = [
    (IPTC, "DigitalSourceType"),
    (IPTC, "AISystemUsed"),
    (XMP, "CreatorTool"),
    (PHOTOSHOP, "Credit"),
    (TIFF, "Software"),
    (EXIF, "UserComment"),
    (DC, "description"),
    (TC260, "AIGC"),
    (TC260, "aigc"),
    (NOTE, EXTENDED),
];

/// Names the extended packet that belongs to a packet.
const EXTENDED: &str = "HasExtendedXMP";

/// The properties of a file's packets, and what could not be read of them.
#[must_use]
pub(super) fn read(blocks: &Blocks<'_>) -> (Vec<Text<'static>>, Vec<Fault>) {
    let (mut texts, mut faults) = (Vec::new(), Vec::new());
    let mut attributes = limits::XMP_ATTRIBUTES_MAX;
    for packet in &blocks.xmp {
        faults.extend(take(packet, &mut attributes, &mut texts).err());
    }
    let named = texts.iter().filter(|text| text.keyword == EXTENDED);
    let named: Vec<String> = named.map(|text| text.value.trim().to_owned()).collect();
    for packet in extended_packets(&blocks.xmp_pieces, &named) {
        let (packet, missing) = put_together(&blocks.xmp_pieces, packet);
        let taken = take(&packet, &mut attributes, &mut texts);
        faults.extend(missing.or(taken.err()));
    }
    faults.dedup();
    (texts, faults)
}

/// Reads one packet; `attributes` is how many more the file may have.
fn take(
    packet: &[u8],
    attributes: &mut usize,
    texts: &mut Vec<Text<'static>>,
) -> Result<(), Fault> {
    let packet = as_utf8(packet);
    let count = packet.split(|byte| *byte == b'=').count() - 1;
    *attributes = attributes.checked_sub(count).ok_or(Fault::too_many("xmp attributes"))?;
    let reader = NsReader::from_reader(&packet[..]);
    let mut parser = Parser {
        reader,
        path: Vec::new(),
        property: None,
        has_rdf: false,
        is_damaged: false,
        texts,
    };
    parser.reader.config_mut().allow_dangling_amp = true;
    parser.run()
}

/// XMP in files other than JPEG may be UTF-16; its first character is `<`.
fn as_utf8(packet: &[u8]) -> Cow<'_, [u8]> {
    let of_pair: fn([u8; 2]) -> u16 = match packet {
        [0xFE, 0xFF, ..] | [0, b'<', 0, _, ..] => u16::from_be_bytes,
        [0xFF, 0xFE, ..] | [b'<', 0, _, 0, ..] => u16::from_le_bytes,
        _ => return Cow::Borrowed(packet),
    };
    let units: Vec<u16> = packet.as_chunks().0.iter().map(|pair| of_pair(*pair)).collect();
    Cow::Owned(String::from_utf16_lossy(&units).trim_start_matches('\u{FEFF}').into())
}

/// What an open element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Rdf,
    /// A description of the picture.
    Description,
    /// One of [`PROPERTIES`].
    Property,
    /// The first item of a property that is a list.
    Item,
    Other,
}

/// A property's element while it is open.
#[derive(Debug)]
struct Property {
    name: &'static str,
    /// What it points to.
    resource: Option<String>,
    text: String,
    item: Option<String>,
    /// Whether all of its value was understood.
    is_whole: bool,
}

struct Parser<'a, 't> {
    reader: NsReader<&'a [u8]>,
    path: Vec<Level>,
    property: Option<Property>,
    has_rdf: bool,
    is_damaged: bool,
    texts: &'t mut Vec<Text<'static>>,
}

impl Parser<'_, '_> {
    fn run(&mut self) -> Result<(), Fault> {
        let mut nodes = 0;
        loop {
            let event = self.reader.read_event().map_err(|_| self.broken())?;
            nodes += u32::from(!matches!(event, Event::End(_)));
            if limits::XMP_NODES_MAX < nodes {
                return Err(Fault::too_many("xmp nodes"));
            }
            match event {
                Event::Start(tag) => {
                    let level = self.open(&tag);
                    self.path.push(level);
                }
                Event::Empty(tag) => {
                    let level = self.open(&tag);
                    self.close(level);
                }
                Event::End(_) => {
                    if let Some(level) = self.path.pop() {
                        self.close(level);
                    }
                }
                Event::Text(text) => self.add_text(&String::from_utf8_lossy(&text)),
                Event::CData(text) => self.add_text(&String::from_utf8_lossy(&text)),
                Event::GeneralRef(name) => self.add_reference(&name),
                Event::DocType(_) => return Err(self.broken()),
                Event::Eof if !self.path.is_empty() || !self.has_rdf => return Err(self.broken()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Eof => {}
            }
            if limits::TEXTS_MAX < self.texts.len() {
                return Err(Fault::too_many("xmp descriptions"));
            }
            // What stands behind the packet is no part of it.
            if self.path.is_empty() && self.has_rdf {
                return if self.is_damaged { Err(self.broken()) } else { Ok(()) };
            }
        }
    }

    fn broken(&self) -> Fault {
        let reason = if self.has_rdf { "damaged in part" } else { "no XML of this kind" };
        Fault::damaged("xmp", reason)
    }

    /// What the element is; attributes that are properties are taken out.
    fn open(&mut self, tag: &BytesStart<'_>) -> Level {
        let (space, local) = self.reader.resolver().resolve_element(tag.name());
        let is_rdf = is_of(&space, RDF);
        let name = property_name(&space, local);
        let parent = self.path.last().copied();
        match (parent, local.as_ref(), name) {
            (_, b"RDF", _) if is_rdf && !self.path.contains(&Level::Rdf) => {
                self.has_rdf = true;
                Level::Rdf
            }
            (Some(Level::Rdf), b"Description", _) if is_rdf => {
                self.take_attributes(tag);
                Level::Description
            }
            (Some(Level::Description), _, Some(name)) => {
                let resource = self.resource(tag);
                let (text, item) = (String::new(), None);
                self.property = Some(Property { name, resource, text, item, is_whole: true });
                Level::Property
            }
            (_, b"li" | b"value", _) if is_rdf => match &mut self.property {
                Some(property) if property.item.is_none() => {
                    property.item = Some(String::new());
                    Level::Item
                }
                _ => Level::Other,
            },
            _ => Level::Other,
        }
    }

    fn take_attributes(&mut self, tag: &BytesStart<'_>) {
        for attribute in tag.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                self.is_damaged = true;
                continue;
            };
            let (space, local) = self.reader.resolver().resolve_attribute(attribute.key);
            if let Some(name) = property_name(&space, local) {
                self.texts.push(to_text(name, read_value(&attribute.value)));
            }
        }
    }

    fn resource(&self, tag: &BytesStart<'_>) -> Option<String> {
        let mut attributes = tag.attributes();
        let found = attributes.with_checks(false).flatten().find(|attribute| {
            let (space, local) = self.reader.resolver().resolve_attribute(attribute.key);
            local.as_ref() == b"resource" && is_of(&space, RDF)
        });
        found.map(|attribute| read_value(&attribute.value))
    }

    /// Takes a property out that stands whole.
    fn close(&mut self, level: Level) {
        if level != Level::Property {
            return;
        }
        let Some(Property { name, resource, text, item, is_whole }) = self.property.take() else {
            return;
        };
        let value = resource.or(item).unwrap_or(text);
        if !value.trim().is_empty() && is_whole {
            self.texts.push(to_text(name, value.trim().to_owned()));
        }
    }

    fn add_text(&mut self, text: &str) {
        let Some(property) = &mut self.property else { return };
        match self.path.last() {
            Some(Level::Property) => property.text += text,
            Some(Level::Item) => property.item.get_or_insert_default().push_str(text),
            _ => {}
        }
    }

    fn add_reference(&mut self, name: &BytesRef<'_>) {
        let character = name.resolve_char_ref().ok().flatten().map(String::from);
        let known = || Some(resolve_xml_entity(std::str::from_utf8(name).ok()?)?.to_owned());
        match (character.or_else(known), &mut self.property) {
            (Some(text), _) => self.add_text(&text),
            (None, Some(property)) => property.is_whole = false,
            (None, None) => {}
        }
    }
}

fn to_text(name: &'static str, value: String) -> Text<'static> {
    Text { section: Section::Xmp, keyword: Cow::Borrowed(name), value: Cow::Owned(value) }
}

/// The value of an attribute; an ampersand that begins no reference stays one.
fn read_value(raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw);
    unescape(&raw).map_or_else(|_| raw.to_string(), Cow::into_owned)
}

/// Whether a name is of that namespace, or has its registered prefix and that is not declared.
fn is_of(found: &ResolveResult<'_>, (namespace, prefix): Space) -> bool {
    match found {
        ResolveResult::Bound(Namespace(bound)) => *bound == namespace.as_bytes(),
        ResolveResult::Unknown(unknown) => unknown == prefix.as_bytes(),
        ResolveResult::Unbound => false,
    }
}

fn property_name(space: &ResolveResult<'_>, local: LocalName<'_>) -> Option<&'static str> {
    let is_it =
        |(of, name): &&(Space, &str)| local.as_ref() == name.as_bytes() && is_of(space, *of);
    PROPERTIES.iter().find(is_it).map(|(_, name)| *name)
}

/// The extended packets of a file: those that its packets name, and then others, since a program
/// that does not know them may have written the naming packet anew.
fn extended_packets<'a>(pieces: &[XmpPiece<'a>], named: &'a [String]) -> Vec<&'a [u8]> {
    let mut packets: Vec<&[u8]> = Vec::new();
    let named = named.iter().map(String::as_bytes);
    for packet in named.chain(pieces.iter().map(|piece| piece.packet)) {
        if packets.len() < limits::XMP_PACKETS_MAX && !packets.contains(&packet) {
            packets.push(packet);
        }
    }
    packets
}

/// Puts an extended packet together from its pieces, in whatever order they stand, up to the first
/// that is missing.
fn put_together(pieces: &[XmpPiece<'_>], packet: &[u8]) -> (Vec<u8>, Option<Fault>) {
    let mut pieces: Vec<_> = pieces.iter().filter(|piece| piece.packet == packet).collect();
    pieces.sort_by_key(|piece| piece.offset);
    let length = pieces.first().map_or(0, |piece| piece.bytes_all);
    let fault = |reason| Some(Fault::damaged("extended xmp", reason));
    let mut whole = Vec::new();
    for piece in pieces {
        let is_there = whole.get(piece.offset..).is_some_and(|rest| rest.starts_with(piece.data));
        if is_there && !whole.is_empty() {
            continue;
        }
        if piece.offset != whole.len() {
            return (whole, fault("its pieces do not fit"));
        }
        if limits::MARK_BYTES_MAX < whole.len() + piece.data.len() {
            return (whole, Some(Fault::too_large("extended xmp")));
        }
        whole.extend_from_slice(piece.data);
    }
    let is_whole = !whole.is_empty() && whole.len() == length;
    (whole, if is_whole { None } else { fault("pieces are missing, or its length is wrong") })
}
