//! Hashes that other systems made.

use super::*;
use denizen_services::InvalidHash;

const PASSWORD: &str = "correct horse battery staple";

/// Of [`PASSWORD`], each by another implementation than the one that compares it here.
const HASHES: [&str; 13] = [
    // Python's argon2-cffi 25.1.0 (the reference implementation in C).
    "$argon2i$v=19$m=64,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$izFxVKkTP4yGGT3845TihBBVXOA4ZVF4V4N+htEdIP8",
    "$argon2d$v=19$m=64,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$TRsraofEveW30XXwmtFjU9X3YEJRMGw/0Vs1YLYz5GU",
    "$argon2id$v=16$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$xGyVLj6WT++kC0ZEftPncPF99F2aKX3eAzU6mpFTwaI",
    // The same, as it was written before versions were.
    "$argon2id$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$xGyVLj6WT++kC0ZEftPncPF99F2aKX3eAzU6mpFTwaI",
    // Python's bcrypt 5.0.0; $2y$ is what PHP calls $2b$.
    "$2a$04$18yNaJEsvUFb.lPnlBm39esFOdIP0XDd.c05TWRdTKyDqokJcTFf.",
    "$2b$04$CfYVFcBukAlmwRX6mQMYMe9hYTJcpE.kk0zbrguZpD09lN48E3pwm",
    "$2y$04$CfYVFcBukAlmwRX6mQMYMe9hYTJcpE.kk0zbrguZpD09lN48E3pwm",
    // Python's hashlib.scrypt (OpenSSL), and passlib 1.7.4.
    "$scrypt$ln=4,r=8,p=2$c2FsdHNhbHRzYWx0c2FsdA$CNrG1zNNPBPdPowGCu67a450ixF/606/rpN2bpgQtg8",
    "$scrypt$ln=4,r=8,p=1$aQ1h7L13Tsl5r3VOibHW2g$HXsWC3FWP/DnF9B6PQ6MVhwsPp8nsnr7548/Ll+nf1Y",
    // Python's hashlib.pbkdf2_hmac (OpenSSL).
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8",
    "$pbkdf2-sha512$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$ORxvnPF08mmTltUf/WSLS8FZ3yYanqBrD+km4rpMr04",
    // passlib 1.7.4.
    "$pbkdf2-sha256$1000$bO3dm9Pa.58z5vyf09r7Xw$kbVs46XD4t0jraBSc4swPRFWLq7AMNzUEmb7QVl9VaM",
    "$pbkdf2-sha512$1000$HkOo1fq/N4ZwrjWm1BpjDA$sJi1/BPE4/32U6in2LwN.9sx6l6bHSdypY3aFWdzKsgv1gJGIZPPVZkw.J0NnozIpfqrnVM1i9dP92aSWez7yw",
];

/// Security checklist: 32.
#[tokio::test]
async fn imported_hashes_match_their_password_and_are_outdated() {
    for hash in HASHES {
        assert_eq!(import(hash).map(|hash| hash.expose().to_owned()).as_deref(), Ok(hash));
        assert_eq!(verdict(PASSWORD, hash).await, Ok(Verdict::Outdated), "{hash}");
        assert_eq!(verdict("correct horse battery stable", hash).await, Ok(Verdict::Mismatch), "{hash}");
    }
}

/// With a hasher whose own hashes are dear enough for all of them.
fn import(text: &str) -> Result<PasswordHash, InvalidHash> {
    import_beside(Argon2Cost { memory_kib: 1024, passes: 2, lanes: 1 }, text)
}

fn import_beside(own: Argon2Cost, text: &str) -> Result<PasswordHash, InvalidHash> {
    hasher(own).import(text)
}

#[tokio::test]
async fn argon2id_from_elsewhere_is_up_to_date_if_it_is_as_strong_as_ours() {
    // Python's argon2-cffi 25.1.0, as all of these.
    for (hash, expected) in [
        (
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$E/9XOcEJe3mPXG7g015mjI/Ptw7gpcl7bw+7BNqI9bQ",
            Verdict::Match,
        ),
        (
            "$argon2id$v=19$m=64,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$rkBwy03OwrFbP0+11Pf+jbxdC+0gq7PfKhzS9GwWhiA",
            Verdict::Match,
        ),
        (
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$fximgp6eyAOH5LdxZXl3h+653mI4Kjf6OAruZbr2n7Q",
            Verdict::Outdated,
        ),
        ("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$9fjtq3oG7lMfEoslN4QnSg", Verdict::Outdated),
    ] {
        assert_eq!(verdict(PASSWORD, hash).await, Ok(expected), "{hash}");
    }
}

#[tokio::test]
async fn bcrypt_compares_72_bytes_like_everybody_does() {
    let long = "0123456789abcdef".repeat(5);
    // Python's bcrypt 5.0.0, of the first 72 bytes and of the first 71.
    let of_72 = "$2b$04$fI.Yu.WWCClMTBjC/HSOxe7qLFX86oGYVBEer8y..m3qQq..qhheG";
    let of_71 = "$2b$04$zH/s0dnQBpqPt/dgpBDtw.NfQI..nmVhzIbpqj9m437bAvdFlsM3.";
    for (text, hash, expected) in [
        (&long[..72], of_72, Verdict::Outdated),
        (&long[..80], of_72, Verdict::Outdated),
        (&long[..71], of_72, Verdict::Mismatch),
        (&long[..71], of_71, Verdict::Outdated),
        (&long[..72], of_71, Verdict::Mismatch),
    ] {
        assert_eq!(verdict(text, hash).await, Ok(expected), "{} bytes", text.len());
    }
}

#[tokio::test]
async fn a_hash_of_what_was_typed_matches_what_is_typed_alike() {
    // Python's bcrypt 5.0.0 and argon2-cffi 25.1.0, of an e followed by a combining accent.
    for text in [
        "$2b$04$rBuPhB0KYIwf3wwhQyjzfeAG29gWF997uEF6FTNtTD1E.lks3dKhi",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$JUcOQboumkR2ldX4XIbfMSR10S0m88W1pV1q4OdomGQ",
    ] {
        let hash = import(text).unwrap();
        assert_eq!(verdict("cafe\u{301} au lait", hash.expose()).await, Ok(Verdict::Outdated), "{text}");
        assert_eq!(verdict("café au lait", hash.expose()).await, Ok(Verdict::Mismatch), "{text}");
    }
    // And of the composed form.
    assert_eq!(
        verdict("cafe\u{301} au lait", "$2b$04$PvgPpgPtO7Z5cqtSC2nkl.NV7IVIVU55Gnqa.ukObH.y85m4YCZ3u").await,
        Ok(Verdict::Outdated)
    );
}

fn refusal(text: &str) -> Option<InvalidHash> {
    import(text).err()
}

fn refusal_beside(own: Argon2Cost, text: &str) -> Option<InvalidHash> {
    import_beside(own, text).err()
}

const REST: &str = "c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Security checklist: 70.
#[test]
fn what_costs_more_than_twelve_times_our_own_is_not_imported() {
    let own = Argon2Cost::RECOMMENDED;
    for (dear, affordable) in [
        (
            format!("$argon2id$v=19$m=233473,t=2,p=1${REST}"),
            format!("$argon2id$v=19$m=233472,t=2,p=1${REST}"),
        ),
        (format!("$argon2i$v=19$m=38912,t=13,p=4${REST}"), format!("$argon2i$v=19$m=38912,t=12,p=4${REST}")),
        (HASHES[5].replace("$04$", "$13$"), HASHES[5].replace("$04$", "$12$")),
        (format!("$scrypt$ln=17,r=8,p=2${REST}"), format!("$scrypt$ln=17,r=8,p=1${REST}")),
        (format!("$pbkdf2-sha256$i=1867780${REST}"), format!("$pbkdf2-sha256$i=1867779${REST}")),
        // Two blocks, each of which takes the rounds.
        (format!("$pbkdf2-sha256$i=933890${REST}A"), format!("$pbkdf2-sha256$i=933889${REST}A")),
        (format!("$pbkdf2-sha512$466945${REST}"), format!("$pbkdf2-sha512$466944${REST}")),
    ] {
        assert_eq!(refusal_beside(own, &dear), Some(InvalidHash::TooCostly), "{dear}");
        assert_eq!(refusal_beside(own, &affordable), None, "{affordable}");
        let dearer = Argon2Cost { passes: 5, ..own };
        assert_eq!(refusal_beside(dearer, &dear), None, "{dear}");
    }
}

/// Security checklist: 32.
#[test]
fn what_takes_seconds_or_gigabytes_is_not_compared_whatever_our_own_cost() {
    let argon2 = |params: &str| format!("$argon2id$v=19${params}${REST}");
    let scrypt = |params: &str| format!("$scrypt${params}${REST}");
    for (dear, affordable) in [
        (argon2("m=4194304,t=1,p=1"), argon2("m=262144,t=1,p=1")),
        (argon2("m=8,t=1000,p=1"), argon2("m=8,t=16,p=1")),
        (argon2("m=136,t=1,p=17"), argon2("m=136,t=1,p=16")),
        (HASHES[5].replace("$04$", "$17$"), HASHES[5].replace("$04$", "$16$")),
        (scrypt("ln=19,r=8,p=1"), scrypt("ln=18,r=8,p=1")),
        (scrypt("ln=18,r=8,p=5"), scrypt("ln=18,r=8,p=4")),
        (scrypt("ln=1,r=4294967295,p=4294967295"), scrypt("ln=1,r=1,p=1")),
        (scrypt("ln=4294967295,r=8,p=1"), scrypt("ln=17,r=8,p=1")),
        (scrypt("ln=64,r=8,p=1"), scrypt("ln=14,r=8,p=5")),
        (format!("$pbkdf2-sha256$i=10000001${REST}"), format!("$pbkdf2-sha256$i=10000000${REST}")),
        (format!("$pbkdf2-sha512$10000001${REST}"), format!("$pbkdf2-sha512$8000000${REST}")),
        // Two blocks, each of which takes the rounds.
        (format!("$pbkdf2-sha256$i=5000001${REST}A"), format!("$pbkdf2-sha256$i=5000000${REST}A")),
    ] {
        assert_eq!(refusal_beside(Argon2Cost::MOST, &dear), Some(InvalidHash::TooCostly), "{dear}");
        assert_eq!(refusal_beside(Argon2Cost::MOST, &affordable), None, "{affordable}");
    }
}

#[test]
fn a_mark_of_ours_is_not_imported() {
    assert_eq!(refusal(&format!("$imported{}", HASHES[0])), Some(InvalidHash::Unsupported));
}

#[test]
fn what_cannot_be_compared_is_not_imported() {
    for text in ["", "secret 1", "$", "$1$abc$def", "$2x$04$abc", "$5$rounds=5000$salt$hash", "{SSHA}AAAA"] {
        assert_eq!(refusal(text), Some(InvalidHash::Unsupported), "{text}");
    }
    let salt = "c2FsdHNhbHRzYWx0c2FsdA";
    let output = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for text in [
        format!("x{}", HASHES[0]),
        format!("{}$x", HASHES[0]),
        format!("$argon2id$v=20$m=8,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=0,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt}"),
        "$argon2id$v=19$m=8,t=1,p=1".to_owned(),
        format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA${output}"),
        HASHES[5].replace("$04$", "$03$"),
        HASHES[5].replace("$04$", "$xx$"),
        format!("{}x", HASHES[5]),
        format!("$scrypt$r=8,p=1${salt}${output}"),
        format!("$scrypt$ln=0,r=8,p=1${salt}${output}"),
        format!("$scrypt$ln=4,r=8,p=0${salt}${output}"),
        format!("$pbkdf2-sha256$i=0${salt}${output}"),
        format!("$pbkdf2-sha256$$${salt}${output}"),
        format!("$pbkdf2-sha256$many${salt}${output}"),
        format!("$pbkdf2-sha256${salt}${output}"),
    ] {
        assert!(matches!(refusal(&text), Some(InvalidHash::Malformed(_))), "{text}: {:?}", refusal(&text));
    }
}

#[test]
fn a_refusal_does_not_quote_the_hash() {
    for hash in HASHES {
        let (_, output) = hash.rsplit_once('$').unwrap();
        for broken in [format!("{hash}$"), hash.replace('=', "=x"), hash.replace(output, &output[1..])] {
            let text = format!("{:?}", refusal(&broken));
            assert!(!text.contains(&output[1..]), "{text}");
        }
    }
}
