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
