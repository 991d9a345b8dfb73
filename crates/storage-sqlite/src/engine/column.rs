//! Values as columns hold them.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, KeyScope, Metadata, Profile, UserId, Username};
use denizen_services::{
    PasswordHash, TokenHash, TokenPurpose,
    store::{AuditId, AuditKind, BucketKey, KeyId, MailJobId, MailKind, NameKey, ServiceSecret, SessionId},
};
use rusqlite::types::{FromSql as _, Null, ToSqlOutput, ValueRef};

/// Can be written into a column.
pub(crate) trait Encode {
    fn encode(&self) -> ToSqlOutput<'_>;
}

/// Can be read from a column.
pub(crate) trait Decode: Sized {
    /// Absent if this store does not write such a value.
    fn decode(stored: ValueRef<'_>) -> Option<Self>;
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self) -> ToSqlOutput<'_> {
        (**self).encode()
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self) -> ToSqlOutput<'_> {
        self.as_ref().map_or(Null.into(), T::encode)
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(stored: ValueRef<'_>) -> Option<Self> {
        if stored == ValueRef::Null { Some(None) } else { T::decode(stored).map(Some) }
    }
}

macro_rules! encode {
    ($($type:ty: $value:ident => $stored:expr;)*) => {
        $(impl Encode for $type {
            fn encode(&self) -> ToSqlOutput<'_> {
                let $value = self;
                $stored.into()
            }
        })*
    };
}

encode! {
    bool: value => *value;
    u32: value => *value;
    i64: value => *value;
    str: value => value;
    String: value => value.as_str();
    DateTime<Utc>: value => value.timestamp_micros();
    UserId: value => value.get();
    SessionId: value => value.0;
    KeyId: value => value.0;
    MailJobId: value => value.0;
    EmailAddress: value => value.as_str();
    IpAddr: value => value.to_string();
    PasswordHash: value => value.expose();
    TokenHash: value => value.as_bytes().as_slice();
    BucketKey: value => value.as_bytes().as_slice();
    NameKey: value => value.as_bytes().as_slice();
    ServiceSecret: value => value.expose().as_slice();
    TokenPurpose: value => value.as_str();
    AuditKind: value => value.as_str();
    MailKind: value => value.as_str();
    KeyScope: value => value.as_str();
    Vec<KeyScope>: value => serde_json::json!(value).to_string();
}

macro_rules! decode {
    ($($type:ty: $stored:ident => $value:expr;)*) => {
        $(impl Decode for $type {
            fn decode($stored: ValueRef<'_>) -> Option<Self> {
                $value
            }
        })*
    };
    (text $($type:ty: $text:ident => $value:expr;)*) => {
        decode! { $($type: stored => stored.as_str().ok().and_then(|$text| $value);)* }
    };
}

decode! {
    bool: stored => Self::column_result(stored).ok();
    u8: stored => Self::column_result(stored).ok();
    u32: stored => Self::column_result(stored).ok();
    i64: stored => stored.as_i64().ok();
    String: stored => Self::column_result(stored).ok();
    DateTime<Utc>: stored => Self::from_timestamp_micros(stored.as_i64().ok()?);
    UserId: stored => stored.as_i64().ok().map(Self::new);
    SessionId: stored => stored.as_i64().ok().map(Self);
    KeyId: stored => stored.as_i64().ok().map(Self);
    MailJobId: stored => stored.as_i64().ok().map(Self);
    AuditId: stored => stored.as_i64().ok().map(Self);
    PasswordHash: stored => String::decode(stored).map(Self::new);
    TokenHash: stored => <[u8; 32]>::column_result(stored).ok().map(Self::from_bytes);
}

decode! { text
    Username: text => Self::parse(text).ok();
    EmailAddress: text => Self::parse(text).ok();
    IpAddr: text => text.parse().ok();
    AuditKind: text => Self::from_name(text);
    MailKind: text => Self::from_name(text);
    Vec<String>: text => serde_json::from_str(text).ok();
    Vec<KeyScope>: text => serde_json::from_str::<Vec<String>>(text).ok()?.iter().map(|name| KeyScope::from_name(name)).collect();
    Profile: text => serde_json::from_str(text).ok();
    Metadata: text => serde_json::from_str(text).ok();
}
