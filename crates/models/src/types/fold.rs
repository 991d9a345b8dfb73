//! The one form in which names are compared.

use caseless::Caseless as _;
use unicode_normalization::UnicodeNormalization as _;

/// The form in which two names that a person would call the same become equal: compatibility-composed (NFKC),
/// fully case-folded, and composed again because folding can decompose (Unicode Standard, section 3.13, D146).
///
/// Stores keep the folded form in key columns and compare those byte by byte, so that every store agrees.
///
/// ```
/// use denizen_models::fold;
/// assert_eq!(fold("Straße"), fold("STRASSE"));
/// assert_eq!(fold("Ｆｕｌｌ"), "full");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    // Most names are plain ASCII, where all of the above is lower-casing.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().default_case_fold().nfkc().collect()
}

/// Implements what all texts have in common that are shown as `typed`, and compared by their folded `key`.
macro_rules! folded {
    ($name:ident) => {
        impl $name {
            fn fold(text: &str) -> Self {
                Self { typed: text.to_owned(), key: $crate::fold(text) }
            }

            /// Returns the text as typed.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.typed
            }

            /// Returns the folded text: the one that is looked up and unique.
            #[must_use]
            pub fn key(&self) -> &str {
                &self.key
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.typed)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.typed)
            }
        }
    };
}
pub(crate) use folded;

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_width_and_composition_do_not_matter() {
        assert_eq!(fold("ALICE"), "alice");
        assert_eq!(fold("e\u{301}lan"), fold("ÉLAN"));
        assert_eq!(fold("ΣΊΣΥΦΟΣ"), fold("σίσυφος"));
        assert_eq!(fold("ﬁn"), "fin");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["ŉ", "İstanbul", "ẞ", "ΐ", "Ǆ", "½ Ａ"] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }
}
