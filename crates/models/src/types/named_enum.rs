//! Enums whose values have names.

/// Declares an enum together with the name of each value, and with `ALL`, `as_str` and `from_name`.
///
/// The names are stored, or are words of the wire: they MUST NOT change.
///
/// ```
/// denizen_models::named_enum! {
///     /// Sizes.
///     pub enum Size {
///         /// Up to 10.
///         Small = "small",
///         /// The rest.
///         Large = "large",
///     }
/// }
/// assert_eq!(Size::ALL.map(Size::as_str), ["small", "large"]);
/// assert_eq!(Size::from_name("large"), Some(Size::Large));
/// assert_eq!(Size::from_name("Large"), None);
/// ```
#[macro_export]
macro_rules! named_enum {
    ($(#[$meta:meta])* $visibility:vis enum $enum:ident {
        $($(#[$value_meta:meta])* $value:ident = $name:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility enum $enum {
            $($(#[$value_meta])* $value,)+
        }

        impl $enum {
            /// Every value, in the order of declaration.
            $visibility const ALL: [Self; [$($name),+].len()] = [$(Self::$value),+];

            /// Returns the name.
            #[must_use]
            $visibility const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $name),+ }
            }

            /// Returns the value of this name, which is case-sensitive.
            #[must_use]
            $visibility fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }
    };
}
