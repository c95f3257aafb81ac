//! Values that are chosen by name: opinions, purposes and formats.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use photocheck_core::bank::{Opinion, Purpose};

use crate::exchange::Format;

/// Takes the name of any purpose.
pub fn purpose() -> impl TypedValueParser<Value = Purpose> {
    let names = PossibleValuesParser::new(Purpose::ALL.map(Purpose::name));
    names.try_map(|name| Purpose::from_name(&name).ok_or("not a purpose"))
}

/// Takes the name of a purpose of banks that are imported: what accounts show is never taken over
/// from somebody else.
pub fn imported_purpose() -> impl TypedValueParser<Value = Purpose> {
    let names = PossibleValuesParser::new([Purpose::KnownFake, Purpose::Allow].map(Purpose::name));
    names.try_map(|name| Purpose::from_name(&name).ok_or("not a purpose"))
}

/// Takes the name of an opinion.
pub fn opinion() -> impl TypedValueParser<Value = Opinion> {
    let names = PossibleValuesParser::new(Opinion::ALL.map(Opinion::name));
    names.try_map(|name| Opinion::from_name(&name).ok_or("not an opinion"))
}

/// Takes the name of a format.
pub fn format() -> impl TypedValueParser<Value = Format> {
    let names = PossibleValuesParser::new(Format::ALL.map(Format::name));
    names.try_map(|name| Format::from_name(&name).ok_or("not a format"))
}
