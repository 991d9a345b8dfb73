//! What it costs to compare a wrong password, with a hash of a user and with none.

use super::*;
use crate::stored::StoredHash;

const HASHES: [&str; 8] = [
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
    "$imported$argon2id$v=19$m=64,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE",
    "$argon2i$v=19$m=64,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$izFxVKkTP4yGGT3845TihBBVXOA4ZVF4V4N+htEdIP8",
    "$2b$04$CfYVFcBukAlmwRX6mQMYMe9hYTJcpE.kk0zbrguZpD09lN48E3pwm",
    "$scrypt$ln=4,r=8,p=2$c2FsdHNhbHRzYWx0c2FsdA$CNrG1zNNPBPdPowGCu67a450ixF/606/rpN2bpgQtg8",
    "$pbkdf2-sha256$1000$bO3dm9Pa.58z5vyf09r7Xw$kbVs46XD4t0jraBSc4swPRFWLq7AMNzUEmb7QVl9VaM",
    "$pbkdf2-sha512$1000$HkOo1fq/N4ZwrjWm1BpjDA$sJi1/BPE4/32U6in2LwN.9sx6l6bHSdypY3aFWdzKsgv1gJGIZPPVZkw.J0NnozIpfqrnVM1i9dP92aSWez7yw",
];

/// How often something is computed to see that the password is wrong, and how much it is each time.
fn work(text: &str, typed: &str) -> (usize, u64) {
    let stored = StoredHash::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (stored.forms_of(&password(typed)).count(), stored.work())
}

/// Security checklist: 70.
#[test]
fn a_scheme_costs_what_its_hashes_cost() {
    for text in HASHES {
        let scheme = PasswordHash::new(text.to_owned()).scheme();
        assert_ne!(scheme.expose(), text);
        assert_eq!(scheme.expose().len(), text.len());
        for typed in ["correct horse", "cafe\u{301} au lait"] {
            assert_eq!(work(scheme.expose(), typed), work(text, typed), "{text}");
        }
    }
}

/// Security checklist: 33.
#[test]
fn only_hashes_of_other_systems_are_computed_twice_for_a_password_that_can_be_composed() {
    let forms = HASHES.map(|text| ["cafe\u{301} au lait", "café au lait"].map(|typed| work(text, typed).0));
    let (own, imported) = forms.split_at(2);
    assert!(own.iter().all(|forms| *forms == [1, 1]), "{forms:?}");
    assert!(imported.iter().all(|forms| *forms == [2, 1]), "{forms:?}");
}

#[tokio::test]
async fn a_dummy_of_every_scheme_is_compared_and_never_matches() {
    let hasher = hasher(Argon2Cost::CHEAPEST);
    let schemes = HASHES[2..].iter().map(|text| Some(PasswordHash::new((*text).to_owned()).scheme()));
    let unreadable = Some(PasswordHash::new("$5$rounds=5000$salt$hash".to_owned()));
    for scheme in schemes.chain([None, unreadable]) {
        for typed in ["", "correct horse", "cafe\u{301}"] {
            let verdict = hasher.verify_dummy(SERVICE, password(typed), scheme.clone()).await;
            assert_eq!(verdict, Ok(Verdict::Mismatch));
        }
    }
}
