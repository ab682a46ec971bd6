//! Why a body or a query is not what an operation takes: where, what kind of flaw, and what would do.
//!
//! Good requests are read straight into their types. Only what was refused is read again, by [`Json`], whose errors are
//! values and not sentences.

use super::pointer::escape;
use crate::problem::FieldError;
use serde::de::value::{StrDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_path_to_error::{Path, Segment};
use std::fmt::{self, Write};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The names and numbers on the way to it, the innermost first.
    path: Vec<String>,
    kind: FlawKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum FlawKind {
    /// A member that is needed.
    Missing(&'static str),
    /// A member that there is not, by the client's name for it; these there are.
    Unknown(String, &'static [&'static str]),
    /// A member that is there twice.
    Duplicate(&'static str),
    /// A value that will not do; what would. What was found is the client's own, may be long, and may be a secret.
    Expected(String),
    /// Whatever a type of ours says of it.
    Other(String),
}

impl Flaw {
    fn new(kind: FlawKind) -> Self {
        Self { path: Vec::new(), kind }
    }

    fn inside(mut self, part: String) -> Self {
        self.path.push(part);
        self
    }

    /// As clients are told, of something that stands at this pointer.
    pub fn at(self, pointer: &str) -> FieldError {
        let mut pointer = pointer.to_owned();
        let member = match &self.kind {
            FlawKind::Missing(name) | FlawKind::Duplicate(name) => Some(*name),
            FlawKind::Unknown(name, _) => Some(name.as_str()),
            FlawKind::Expected(_) | FlawKind::Other(_) => None,
        };
        for part in self.path.iter().rev().map(String::as_str).chain(member) {
            let _ = write!(pointer, "/{}", escape(part));
        }
        let (code, detail) = match self.kind {
            FlawKind::Missing(_) => ("missing", "this field is needed".to_owned()),
            FlawKind::Unknown(_, names) => ("unknown", format!("expected {}", one_of(names))),
            FlawKind::Duplicate(name) => ("duplicate", format!("duplicate field `{name}`")),
            FlawKind::Expected(what) => ("type", format!("expected {}", in_words(&what))),
            FlawKind::Other(detail) => ("type", detail),
        };
        FieldError::new(pointer, code, detail)
    }
}

/// What a type is called by those who don't write Rust.
fn in_words(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "u8" => "a whole number, 0 to 255",
        "u16" => "a whole number, 0 to 65535",
        "u32" => "a whole number, 0 to 4294967295",
        "u64" | "u128" | "usize" => "a whole number, 0 or more",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ => expected,
    }
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [name] => format!("`{name}`"),
        [first, second] => format!("`{first}` or `{second}`"),
        _ => format!("one of `{}`", names.join("`, `")),
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FieldError { pointer, code, detail, .. } = self.clone().at("");
        write!(f, "{pointer}: {code}: {detail}")
    }
}

impl std::error::Error for Flaw {}

impl de::Error for Flaw {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::new(FlawKind::Other(detail.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(FlawKind::Expected(expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(FlawKind::Expected(expected.to_string()))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(FlawKind::Expected(expected.to_string()))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(FlawKind::Expected(one_of(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(FlawKind::Unknown(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(FlawKind::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(FlawKind::Duplicate(field))
    }
}

/// What was sent, as it was sent: members that are there twice are kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    /// Something deeper inside than [`DEEPEST`]; nothing that an operation takes is.
    Deep,
}

/// How many arrays and objects may stand in each other.
const DEEPEST: usize = 32;

impl Json {
    /// Reads text that is JSON. Refuses numbers that fit nowhere, and halves of surrogates.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        let mut json = serde_json::Deserializer::from_str(text);
        let mut track = serde_path_to_error::Track::new();
        let read = Depth(0).deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
        read.map_err(|_| Flaw { path: parts(&track.path()), ..de::Error::custom("this value can't be represented") })
    }
}

fn parts(path: &Path) -> Vec<String> {
    let parts = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    parts.collect::<Vec<_>>().into_iter().rev().collect()
}

/// Reads what stands so many arrays and objects deep.
#[derive(Clone, Copy)]
struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        if self.0 == DEEPEST {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Json::Deep);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Depth(self.0 + 1))? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(name) = members.next_key()? {
            object.push((name, members.next_value_seed(Depth(self.0 + 1))?));
        }
        Ok(Json::Object(object))
    }
}

impl<'de> Deserializer<'de> for Json {
    type Error = Flaw;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::List(items) => visitor.visit_seq(Items { items: items.into_iter(), index: 0 }),
            Self::Object(members) => visitor.visit_map(Members { members: members.into_iter(), next: None }),
            Self::Deep => Err(de::Error::invalid_type(Unexpected::Other("something deep"), &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Flaw> {
        if self == Self::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Flaw> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Flaw> {
        match self {
            Self::Text(name) => {
                let name: StrDeserializer<'_, Flaw> = name.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items {
    items: std::vec::IntoIter<Json>,
    /// Of the next one.
    index: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Flaw;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Flaw> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(item).map(Some).map_err(|flaw| flaw.inside(index.to_string()))
    }
}

struct Members {
    members: std::vec::IntoIter<(String, Json)>,
    /// The member whose name has been read, and whose value has not.
    next: Option<(String, Json)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Flaw;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Flaw> {
        self.next = self.members.next();
        let Some((name, _)) = &self.next else { return Ok(None) };
        let name: StringDeserializer<Flaw> = name.clone().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Flaw> {
        let (name, value) = self.next.take().ok_or_else(|| Flaw::new(FlawKind::Other("a name first".to_owned())))?;
        seed.deserialize(value).map_err(|flaw| flaw.inside(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::object::Object;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "what is read is not looked at")]
    struct Order {
        seats: Vec<Object<Seat>>,
        phase: Option<Phase>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "what is read is not looked at")]
    struct Seat {
        row: u8,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Phase {
        Open,
        Closed,
        Paused,
    }

    fn flaw(text: &str) -> (String, String, String) {
        let read = Json::read(text).and_then(Object::<Order>::deserialize);
        let FieldError { pointer, code, detail, .. } = read.map(|_| ()).unwrap_err().at("");
        (pointer, code, detail)
    }

    #[test]
    fn a_flaw_says_where_it_is_and_what_would_do() {
        for (text, pointer, code, detail) in [
            ("{}", "/seats", "missing", "this field is needed"),
            (r#"{"seats": [{"row": 1}, {}]}"#, "/seats/1/row", "missing", "this field is needed"),
            (r#"{"seats": [{"r~/": 1}]}"#, "/seats/0/r~0~1", "unknown", "expected `row`"),
            (r#"{"seats": [], "seat": 1}"#, "/seat", "unknown", "expected `seats` or `phase`"),
            (r#"{"seats": [{"row": 1, "row": 1}]}"#, "/seats/0/row", "duplicate", "duplicate field `row`"),
            (r#"{"seats": [{"row": 300}]}"#, "/seats/0/row", "type", "expected a whole number, 0 to 255"),
            (r#"{"seats": [[1]]}"#, "/seats/0", "type", "expected an object"),
            (r#"{"seats": [], "phase": "shut"}"#, "/phase", "type", "expected one of `open`, `closed`, `paused`"),
            (r#"{"seats": [], "phase": 1}"#, "/phase", "type", "expected enum Phase"),
            (r#"{"seats": [{"row": 1e999}]}"#, "/seats/0/row", "type", "this value can't be represented"),
            ("[]", "", "type", "expected an object"),
        ] {
            assert_eq!(flaw(text), (pointer.to_owned(), code.to_owned(), detail.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_deeper_than_anything_that_is_taken_is_of_the_wrong_type() {
        let deep = format!(r#"{{"seats": [{{"row": {}{}}}]}}"#, "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(flaw(&deep).0, "/seats/0/row");
    }
}
