//! JSON as a stream: member by member, element by element, document by document.

use std::fmt;
use std::io::BufReader;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};

use super::fault::Fault;
use super::input::{Input, Meter};

/// What is done with each piece.
type Each<'a, T> = &'a mut dyn FnMut(T) -> Result<(), Fault>;

/// A whole document of one record.
pub(super) fn document<T: DeserializeOwned>(input: Input<'_>) -> Result<T, Fault> {
    Ok(serde_json::from_reader(BufReader::new(input))?)
}

/// Each of the documents that follow one another: one in a line, or however they are written.
pub(super) fn documents<T: DeserializeOwned>(
    input: Input<'_>,
    each: Each<'_, T>,
) -> Result<(), Fault> {
    let meter = input.meter();
    let reader = serde_json::Deserializer::from_reader(BufReader::new(input));
    for document in reader.into_iter() {
        each(document?)?;
        meter.next_record();
    }
    Ok(())
}

/// Each member of an object, one after the other.
pub(super) fn members<T: DeserializeOwned>(
    input: Input<'_>,
    each: Each<'_, (String, T)>,
) -> Result<(), Fault> {
    let mut fault = None;
    let seed = Members { each, fault: &mut fault, meter: input.meter() };
    drive(input, seed).map_err(|error| fault.unwrap_or_else(|| error.into()))
}

/// Each element of the array that is the member `name` of an object; other members are passed over.
pub(super) fn elements<T: DeserializeOwned>(
    input: Input<'_>,
    name: &'static str,
    each: Each<'_, T>,
) -> Result<(), Fault> {
    let mut fault = None;
    let elements = Elements { each, fault: &mut fault, meter: input.meter() };
    drive(input, Holder { name, elements }).map_err(|error| fault.unwrap_or_else(|| error.into()))
}

fn drive<'de, V: Visitor<'de, Value = ()>>(
    input: Input<'_>,
    visitor: V,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(input));
    (&mut deserializer).deserialize_map(visitor)?;
    deserializer.end()
}

/// The text of the error that is put aside in `fault` meanwhile.
const STOPPED: &str = "stopped";

struct Members<'a, 'f, T> {
    each: Each<'a, (String, T)>,
    fault: &'f mut Option<Fault>,
    meter: Meter,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_entry()? {
            self.meter.next_record();
            (self.each)(member).map_err(|error| {
                *self.fault = Some(error);
                A::Error::custom(STOPPED)
            })?;
        }
        Ok(())
    }
}

struct Holder<'a, 'f, T> {
    name: &'static str,
    elements: Elements<'a, 'f, T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Holder<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the member {}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut elements = Some(self.elements);
        while let Some(name) = map.next_key::<String>()? {
            match elements.take() {
                Some(wanted) if name == self.name => map.next_value_seed(wanted)?,
                other => {
                    elements = other;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        match elements {
            Some(_) => Err(A::Error::missing_field(self.name)),
            None => Ok(()),
        }
    }
}

struct Elements<'a, 'f, T> {
    each: Each<'a, T>,
    fault: &'f mut Option<Fault>,
    meter: Meter,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Elements<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element()? {
            self.meter.next_record();
            (self.each)(element).map_err(|error| {
                *self.fault = Some(error);
                A::Error::custom(STOPPED)
            })?;
        }
        Ok(())
    }
}
