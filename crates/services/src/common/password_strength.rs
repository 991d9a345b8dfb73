//! Refuses passwords that attackers try first.

use denizen_models::{Password, UserValues, fold};
use zxcvbn::{matching::patterns::MatchPattern, zxcvbn};

/// The password of every sample user. It is documented, so nobody else can set it.
pub const SAMPLE_PASSWORD: &str = "tutorial-password";

/// No entry of the dictionaries is longer than 23 characters; repeated ones are. From 29 on, the number of guesses for a
/// walk on a number pad overflows in zxcvbn, which panics where overflows are checked.
const LONGEST: usize = 28;
/// With more different signs for letters than this, trying out what each may stand for takes too long (digits do
/// not: they stand for few letters each).
const MOST_SIGNS: usize = 4;
/// What is one keyboard walk, date or repetition is refused below so many guesses (as a power of ten).
const CHEAP: f64 = 8.0;

/// Refuses a new password that is too common, or that is `user`'s own name or e-mail address. Its length is for
/// [`denizen_models::PasswordPolicy::check_length`].
///
/// Can take tens of milliseconds of a core: call it on the hasher's threads.
///
/// # Errors
/// Returns the broken rule as the rest of a sentence that begins with the caller's name for the password.
pub(crate) fn check_strength(password: &Password, user: &UserValues) -> Result<(), &'static str> {
    let (name, email) = (user.username.as_str(), user.email.as_str());
    // An address without its domain is a name like any other.
    let local = email.split('@').next().unwrap_or("");
    match weakness(password.expose(), &[name, email, local, &user.first_name, &user.last_name]) {
        Some(Weakness::Common) => Err("is too common"),
        Some(Weakness::Personal) => Err("cannot be your own name or address"),
        None => Ok(()),
    }
}

/// Why a password is refused, whatever its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weakness {
    /// It is in the lists of passwords, words and names that attackers try first.
    Common,
    /// It is the user's own name or address.
    Personal,
}

/// Looks for `password` as a whole in the dictionaries and among `personal`, whatever its case, read backwards, or
/// with digits and signs for letters. A password that merely *contains* a word is no business of ours (NIST SP
/// 800-63B-4, section 3.1.1.2).
fn weakness(password: &str, personal: &[&str]) -> Option<Weakness> {
    if is_disguise(password, personal) {
        return Some(Weakness::Personal);
    }
    let common = is_disguise(password, &[SAMPLE_PASSWORD])
        || (password.chars().count() <= LONGEST && is_common(password));
    common.then_some(Weakness::Common)
}

/// Whether the password is, in one of those disguises, one of these texts.
fn is_disguise(password: &str, texts: &[&str]) -> bool {
    let forms = |text: &str| {
        let folded = fold(text);
        let plain = without_lookalikes(&folded);
        let backwards = [&folded, &plain].map(|form| form.chars().rev().collect::<String>());
        let [a, b] = backwards;
        [folded, plain, a, b]
    };
    let password = forms(password);
    let texts = texts.iter().filter(|text| text.chars().count() > 2).flat_map(|text| forms(text));
    texts.into_iter().any(|text| password.contains(&text))
}

fn is_common(password: &str) -> bool {
    let is_sign = |c: &char| !c.is_ascii_digit() && letter_for(*c).is_some();
    let mut signs: Vec<char> = password.chars().filter(is_sign).collect();
    signs.sort_unstable();
    signs.dedup();
    is_one_piece(&without_lookalikes(&fold(password)))
        || (signs.len() <= MOST_SIGNS && is_one_piece(password))
}

/// Whether zxcvbn needs a single pattern to explain the whole text.
fn is_one_piece(text: &str) -> bool {
    let estimate = zxcvbn(text, &[]);
    let [only] = estimate.sequence() else { return false };
    match only.pattern {
        MatchPattern::Dictionary(_) => true,
        MatchPattern::BruteForce => false,
        MatchPattern::Spatial(_)
        | MatchPattern::Repeat(_)
        | MatchPattern::Sequence(_)
        | MatchPattern::Regex(_)
        | MatchPattern::Date(_) => estimate.guesses_log10() < CHEAP,
    }
}

fn without_lookalikes(text: &str) -> String {
    text.chars().map(|c| letter_for(c).unwrap_or(c)).collect()
}

/// The letter that a digit or sign most often stands for.
const fn letter_for(c: char) -> Option<char> {
    Some(match c {
        '4' | '@' => 'a',
        '8' => 'b',
        '(' | '{' | '[' | '<' => 'c',
        '3' => 'e',
        '6' | '9' => 'g',
        '1' | '!' | '|' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '+' | '7' => 't',
        '%' => 'x',
        '2' => 'z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use denizen_models::{CreateUserRequest, NewUser, PasswordPolicy, Secret};

    use super::*;

    const ALICE: [&str; 4] = ["alice_dev", "alice@example.com", "Alice", "Johnson"];

    fn refusal(password: &str) -> Option<&'static str> {
        let request = CreateUserRequest {
            username: "new_user".to_owned(),
            email: "new@example.com".to_owned(),
            first_name: "New".to_owned(),
            last_name: "User".to_owned(),
            password: Some(Secret::from(password)),
            ..CreateUserRequest::default()
        };
        let NewUser { values, password } = request.validate(&PasswordPolicy::default()).unwrap();
        check_strength(&password.unwrap(), &values).err()
    }

    /// Security checklist: 30.
    #[test]
    fn common_passwords_are_refused() {
        assert_eq!(refusal("P@ssw0rd"), Some("is too common"));
        assert_eq!(refusal("newsecurepassword"), None);
    }

    #[test]
    fn the_strength_of_a_password_is_judged_when_all_else_is_valid() {
        assert_eq!(refusal("resu_wen"), Some("cannot be your own name or address"));
    }

    /// Security checklist: 30.
    #[test]
    fn what_everybody_tries_is_refused() {
        for text in [
            "password",
            "PassWord",
            "drowssap",
            "p@ssw0rd",
            "P@$$W0RD",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "trustno1",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaaaaa",
            "abcdefghijklmnop",
            "20011987",
            "passwordpassword",
            "пппппппп",
            "tutorial-password",
            "Tutorial-Passw0rd",
            "drowssap-lairotut",
        ] {
            assert_eq!(weakness(text, &ALICE), Some(Weakness::Common), "{text}");
        }
    }

    #[test]
    fn what_merely_contains_a_word_is_not() {
        for text in [
            "newsecurepassword",
            "a tutorial-password",
            "longenough",
            "correct horse battery staple",
            "another password",
            "пароль на всю жизнь",
            "🦀🦀🦀 and more 🦀",
            "Tr0ub4dor&3 xkcd",
        ] {
            assert_eq!(weakness(text, &ALICE), None, "{text}");
        }
    }

    /// Security checklist: 30.
    #[test]
    fn the_users_own_data_is_refused_in_any_disguise() {
        for text in
            ["alice_dev", "ALICE@example.com", "ved_ecila", "j0hn50n", "al1ce_dev", "moc.elpmaxe@ecila"]
        {
            assert_eq!(weakness(text, &ALICE), Some(Weakness::Personal), "{text}");
        }
        assert_eq!(weakness("alice_dev and friends", &ALICE), None);
    }

    #[test]
    fn a_long_walk_on_a_number_pad_has_an_answer() {
        for length in 20..=40 {
            let walk: String = "12".chars().cycle().take(length).collect();
            let _any_answer = weakness(&walk, &[]);
        }
    }

    /// Security checklist: 35.
    #[test]
    fn hostile_input_is_not_tried_out_at_length() {
        // All of them together take zxcvbn minutes, if it is let loose on them.
        for length in 8..=256 {
            let text: String = "4@8({[<69%1!|0$5+7".chars().cycle().take(length).collect();
            let _any_answer = weakness(&text, &[&text.to_uppercase()]);
            assert_eq!(weakness(&text, &[]), None, "{text}");
        }
    }
}
