//! Values as columns hold them.

use std::{borrow::Cow, error::Error, fmt, net::IpAddr};

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, KeyScope, Metadata, Profile, UserId, Username};
use denizen_services::{
    PasswordHash, TokenHash, TokenPurpose,
    store::{AuditId, AuditKind, BucketKey, KeyId, MailJobId, MailKind, NameKey, ServiceSecret, SessionId},
};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Fault = Box<dyn Error + Sync + Send>;

/// A parameter of a statement.
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
    Ints(&'a [i64]),
    Texts(&'a [String]),
}

/// Shows no value, which could be a secret.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, column: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) => value.to_sql(column, out),
            Self::Int(value) => match *column {
                Type::INT2 => i16::try_from(*value)?.to_sql(column, out),
                Type::INT4 => i32::try_from(*value)?.to_sql(column, out),
                _ => value.to_sql(column, out),
            },
            Self::Text(value) => value.to_sql(column, out),
            Self::Bytes(value) => value.to_sql(column, out),
            Self::Ints(value) => match *column {
                Type::INT4_ARRAY => {
                    let narrow = value.iter().map(|value| i32::try_from(*value));
                    narrow.collect::<Result<Vec<_>, _>>()?.to_sql(column, out)
                }
                _ => value.to_sql(column, out),
            },
            Self::Texts(value) => value.to_sql(column, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What a column holds.
pub(crate) enum Stored<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Texts(Vec<String>),
}

impl<'a> FromSql<'a> for Stored<'a> {
    fn from_sql(column: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(match *column {
            Type::BOOL => Self::Bool(bool::from_sql(column, raw)?),
            Type::INT2 => Self::Int(i16::from_sql(column, raw)?.into()),
            Type::INT4 => Self::Int(i32::from_sql(column, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(column, raw)?),
            Type::BYTEA => Self::Bytes(raw),
            Type::TEXT_ARRAY => Self::Texts(Vec::from_sql(column, raw)?),
            _ => Self::Text(<&str>::from_sql(column, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Can be written into a column.
pub(crate) trait Encode {
    fn encode(&self) -> Value<'_>;
}

/// Can be read from a column.
pub(crate) trait Decode: Sized {
    /// Absent if this store does not write such a value.
    fn decode(stored: Stored<'_>) -> Option<Self>;
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self) -> Value<'_> {
        (**self).encode()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::encode)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(stored: Stored<'_>) -> Option<Self> {
        if matches!(stored, Stored::Null) { Some(None) } else { T::decode(stored).map(Some) }
    }
}

macro_rules! encode {
    ($($type:ty: $value:ident => $kind:ident $stored:expr;)*) => {
        $(impl Encode for $type {
            fn encode(&self) -> Value<'_> {
                let $value = self;
                Value::$kind($stored.into())
            }
        })*
    };
}

encode! {
    bool: value => Bool *value;
    u8: value => Int *value;
    u32: value => Int *value;
    i64: value => Int *value;
    str: value => Text value;
    String: value => Text value.as_str();
    DateTime<Utc>: value => Int value.timestamp_micros();
    UserId: value => Int value.get();
    SessionId: value => Int value.0;
    KeyId: value => Int value.0;
    MailJobId: value => Int value.0;
    EmailAddress: value => Text value.as_str();
    IpAddr: value => Text value.to_string();
    PasswordHash: value => Text value.expose();
    TokenHash: value => Bytes value.as_bytes().as_slice();
    BucketKey: value => Bytes value.as_bytes().as_slice();
    NameKey: value => Bytes value.as_bytes().as_slice();
    ServiceSecret: value => Bytes value.expose().as_slice();
    TokenPurpose: value => Text value.as_str();
    AuditKind: value => Text value.as_str();
    MailKind: value => Text value.as_str();
    KeyScope: value => Text value.as_str();
    Vec<i64>: value => Ints value.as_slice();
    Vec<String>: value => Texts value.as_slice();
}

macro_rules! decode {
    ($($type:ty: $kind:ident $stored:ident => $value:expr;)*) => {
        $(impl Decode for $type {
            fn decode(stored: Stored<'_>) -> Option<Self> {
                if let Stored::$kind($stored) = stored { $value } else { None }
            }
        })*
    };
}

decode! {
    bool: Bool value => Some(value);
    u8: Int value => Self::try_from(value).ok();
    u32: Int value => Self::try_from(value).ok();
    u64: Int value => Self::try_from(value).ok();
    i64: Int value => Some(value);
    String: Text text => Some(text.to_owned());
    DateTime<Utc>: Int micros => Self::from_timestamp_micros(micros);
    UserId: Int id => Some(Self::new(id));
    SessionId: Int id => Some(Self(id));
    KeyId: Int id => Some(Self(id));
    MailJobId: Int id => Some(Self(id));
    AuditId: Int id => Some(Self(id));
    PasswordHash: Text text => Some(Self::new(text.to_owned()));
    TokenHash: Bytes bytes => bytes.try_into().ok().map(Self::from_bytes);
    ServiceSecret: Bytes bytes => bytes.try_into().ok().map(Self::from_bytes);
    Username: Text text => Self::parse(text).ok();
    EmailAddress: Text text => Self::parse(text).ok();
    IpAddr: Text text => text.parse().ok();
    AuditKind: Text text => Self::from_name(text);
    MailKind: Text text => Self::from_name(text);
    Vec<String>: Texts texts => Some(texts);
    Vec<KeyScope>: Texts names => names.iter().map(|name| KeyScope::from_name(name)).collect();
    Profile: Text text => serde_json::from_str(text).ok();
    Metadata: Text text => serde_json::from_str(text).ok();
}
