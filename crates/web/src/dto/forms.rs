//! The forms of texts in requests: what the document says of them is what the server takes.
//!
//! A field names its form with `#[schema(value_type = …)]`. In the document the form stands at each field, so that
//! generated clients have plain strings and times, and no type around each.
//!
//! A pattern that has Unicode's categories says all there is to say of ASCII, and nearly all of the rest: what is
//! invisible, or longer in its composed form, only Unicode's tables know.

use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A form as the document has it.
struct Form {
    name: &'static str,
    format: &'static str,
    pattern: &'static str,
    least: usize,
    most: usize,
}

impl Form {
    fn schema(&self) -> Value {
        let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
        let mut add = |name: &str, value: Value| schema.insert(name.to_owned(), value);
        for (name, text) in [("format", self.format), ("pattern", self.pattern)] {
            if !text.is_empty() {
                add(name, text.into());
            }
        }
        for (name, length) in [("minLength", self.least), ("maxLength", self.most)] {
            if length > 0 {
                add(name, length.into());
            }
        }
        Value::Object(schema)
    }
}

/// Every form, by the name of its type.
pub(crate) fn forms() -> Map<String, Value> {
    let texts = FORMS.iter().map(|form| (form.name, form.schema()));
    let others = [
        ("Timestamp", json!({"type": "string", "format": "date-time"})),
        ("SeatOfRow", json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 500})),
        ("Coordinate", json!({"type": "integer", "format": "int32", "minimum": -100_000, "maximum": 100_000})),
        ("ViewAngle", json!({"type": "integer", "format": "int32", "minimum": -180, "maximum": 180})),
        ("Weight", json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 100})),
    ];
    texts.chain(others).map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The number of a seat in its row.
#[derive(ToSchema)]
pub struct SeatOfRow(#[expect(dead_code, reason = "what describes a number is never made")] u32);

/// Where something is on a plan, in centimetres.
#[derive(ToSchema)]
pub struct Coordinate(#[expect(dead_code, reason = "what describes a number is never made")] i32);

/// From which side a seat sees the stage, in degrees.
#[derive(ToSchema)]
pub struct ViewAngle(#[expect(dead_code, reason = "what describes a number is never made")] i32);

/// The weight of a group.
#[derive(ToSchema)]
pub struct Weight(#[expect(dead_code, reason = "what describes a number is never made")] u32);

macro_rules! forms {
    ($($(#[doc = $doc:literal])+ $name:ident = $format:expr, $pattern:expr, $least:literal..=$most:literal;)+) => {
        $(
            $(#[doc = $doc])+
            pub struct $name;

            impl PartialSchema for $name {
                /// Only its name counts: see `forms!`.
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new().schema_type(Type::String).into()
                }
            }

            impl ToSchema for $name {}
        )+

        const FORMS: &[Form] = &[$(Form {
            name: stringify!($name),
            format: $format,
            pattern: $pattern,
            least: $least,
            most: $most,
        },)+];
    };
}

/// A text for people: no control characters, none that turn the direction of text, no space at either end. (The categories
/// of Unicode that this would be shorter with are known to few regular expressions in a negation.)
macro_rules! text {
    ($front:literal, $back:literal) => {
        concat!(
            $front,
            r"[^\u0000-\u0020\u007F-\u00A0\u061C\u1680\u2000-\u200A\u200E\u200F\u2028-\u202F\u205F\u2066-\u2069\u3000]",
            r"([^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*",
            r"[^\u0000-\u0020\u007F-\u00A0\u061C\u1680\u2000-\u200A\u200E\u200F\u2028-\u202F\u205F\u2066-\u2069\u3000])?",
            $back
        )
    };
}

const TEXT: &str = text!("^", "$");
/// The same in paragraphs.
const DESCRIPTION: &str = concat!(
    r"^[^\u0000-\u0020\u007F-\u00A0\u061C\u1680\u2000-\u200A\u200E\u200F\u2028-\u202F\u205F\u2066-\u2069\u3000]",
    r"([^\u0000-\u0009\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*",
    r"[^\u0000-\u0020\u007F-\u00A0\u061C\u1680\u2000-\u200A\u200E\u200F\u2028-\u202F\u205F\u2066-\u2069\u3000])?$"
);
/// The same as a text, or none.
const TEXT_OR_NONE: &str = text!("^(", ")?$");

forms! {
    /// A time: RFC 3339, of the years 1970 to 9998.
    Time = "date-time", concat!(
        r"^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-[0-9]{2}-[0-9]{2}[Tt]",
        r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ), 0..=0;
    /// An e-mail address.
    EmailAddress = "email", "", 0..=254;
    /// A password that somebody chooses.
    NewPassword = "password", r"^[^\u0000-\u001F\u007F-\u009F\u00AD\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]*$", 10..=128;
    /// A password that somebody types.
    TypedPassword = "password", "", 1..=128;
    /// The code from a mail.
    MailCodeDigits = "", "^[0-9]{8}$", 8..=8;
    /// A user's name.
    UserName = "", TEXT, 1..=100;
    /// The name of a venue, a concert, an artist or a sale.
    Title = "", TEXT, 1..=200;
    /// What people read before they buy, in paragraphs.
    Description = "", DESCRIPTION, 1..=4000;
    /// The name of a tier, a price type or a group.
    ShortName = "", TEXT, 1..=100;
    /// What everybody in a queue is told.
    Message = "", TEXT_OR_NONE, 0..=500;
    /// Why something was given back.
    Reason = "", TEXT, 1..=200;
    /// An IANA time zone.
    TimeZone = "", r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$", 1..=64;
    /// The name of a section or a row.
    SeatName = "", r"^[\p{L}\p{N}][\p{L}\p{M}\p{N}]{0,15}$", 1..=16;
    /// The label of a seat.
    Label = "", concat!(
        r"^[\p{L}\p{N}][\p{L}\p{M}\p{N}]{0,15}(-[\p{L}\p{N}][\p{L}\p{M}\p{N}]{0,15})?",
        r"-[1-9][0-9]{0,5}$"
    ), 3..=40;
    /// The code of a price tier.
    TierCode = "", "^[0-9A-Za-z]{1,8}$", 1..=8;
    /// The code of a price type.
    PriceTypeCode = "", "^[0-9A-Za-z]{1,16}$", 1..=16;
    /// What opens a group of a queue.
    GroupCode = "", "^[!-~]{1,64}$", 1..=64;
    /// What a payment gateway's own page hands out.
    PaymentToken = "", "^[!-~]{1,255}$", 1..=255;
    /// Behind which id a page begins.
    IdCursor = "", "^[0-9A-Za-z_-]{21}[AQgw]$", 22..=22;
    /// Behind which seat a page begins.
    SeatCursor = "", concat!(
        "^AA([A-F][0-9A-Za-z_-]{2}[AQgw]|G[A-F][0-9A-Za-z_-][AQgw]|GG[A-Za-n][AQgw]",
        "|GGoA)$"
    ), 6..=6;
    /// Behind which concert a page begins: one of its date, or of its title.
    ConcertCursor = "", concat!(
        "^([RZ][A-P][0-9A-Za-z_-]{31}[AQgw]",
        "|d[A-P][0-9A-Za-z_-]{21,158})$"
    ), 23..=160;
    /// Behind which admission a page begins.
    LogCursor = "", "^[0-9A-Za-z_-]{22}[AEIMQUYcgkosw048]$", 23..=23;
    /// How long to wait for an answer.
    Wait = "", "^wait=([12]?[0-9]|30)$", 6..=7;
    /// The code of a currency, as in ISO 4217.
    Currency = "", "^[A-Z]{3}$", 3..=3;
}
