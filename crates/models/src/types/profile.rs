//! The optional part of a user.

use serde::{Deserialize, Serialize};

use crate::types::{
    patch::Patch,
    validation::{ValidationErrors, has_control},
};

/// What users say about themselves. Every member may be left out or `null`; in answers all of them appear.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ProfilePatch")]
pub struct Profile {
    /// At most 1000 characters; line breaks are allowed here.
    pub bio: String,
    /// Empty, or an `http`/`https` URL of at most 2000 characters.
    pub avatar_url: String,
    /// At most 200 characters.
    pub location: String,
    /// Empty, or an `http`/`https` URL of at most 2000 characters.
    pub website: String,
    /// At most 50 entries of at most 100 characters.
    pub interests: Vec<String>,
    /// At most 50 entries of at most 100 characters.
    pub skills: Vec<String>,
    /// Years, 0 to 100.
    pub experience: i64,
}

/// What changes in a profile: a member that is absent stays as it is, one that is null becomes empty or 0.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfilePatch {
    /// See [`Profile::bio`].
    pub bio: Patch<String>,
    /// See [`Profile::avatar_url`].
    pub avatar_url: Patch<String>,
    /// See [`Profile::location`].
    pub location: Patch<String>,
    /// See [`Profile::website`].
    pub website: Patch<String>,
    /// See [`Profile::interests`]; replaced as a whole.
    pub interests: Patch<Vec<String>>,
    /// See [`Profile::skills`]; replaced as a whole.
    pub skills: Patch<Vec<String>>,
    /// See [`Profile::experience`].
    pub experience: Patch<i64>,
}

impl ProfilePatch {
    pub(crate) fn over(&self, current: Profile) -> Profile {
        Profile {
            bio: self.bio.over(current.bio),
            avatar_url: self.avatar_url.over(current.avatar_url),
            location: self.location.over(current.location),
            website: self.website.over(current.website),
            interests: self.interests.over(current.interests),
            skills: self.skills.over(current.skills),
            experience: self.experience.over(current.experience),
        }
    }
}

/// A profile is what its members make of an empty one.
impl From<ProfilePatch> for Profile {
    fn from(members: ProfilePatch) -> Self {
        members.over(Self::default())
    }
}

impl Profile {
    const MAX_BIO: usize = 1000;
    const MAX_URL: usize = 2000;
    const MAX_LOCATION: usize = 200;
    const MAX_ENTRIES: usize = 50;
    const MAX_ENTRY: usize = 100;
    const MAX_EXPERIENCE: i64 = 100;

    /// Adds what is wrong with this profile to `errors`.
    pub(crate) fn validate(&self, errors: &mut ValidationErrors) {
        let long = self.bio.chars().count() > Self::MAX_BIO;
        errors.check(long, "profile.bio", format_args!("bio cannot exceed {} characters", Self::MAX_BIO));
        let stray = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        errors.check(self.bio.chars().any(stray), "profile.bio", "bio cannot contain control characters");
        url(errors, "profile.avatar_url", "avatar URL", &self.avatar_url);
        url(errors, "profile.website", "website", &self.website);
        errors.check_line("profile.location", "location", &self.location, Self::MAX_LOCATION);
        errors.check(self.experience < 0, "profile.experience", "experience cannot be negative");
        let years = format_args!("experience cannot exceed {} years", Self::MAX_EXPERIENCE);
        errors.check(self.experience > Self::MAX_EXPERIENCE, "profile.experience", years);
        list(errors, "profile.interests", "interests", &self.interests);
        list(errors, "profile.skills", "skills", &self.skills);
    }
}

fn url(errors: &mut ValidationErrors, field: &'static str, name: &str, text: &str) {
    let web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    errors.check(!text.is_empty() && !web, field, format_args!("{name} must start with http:// or https://"));
    errors.check_line(field, name, text, Profile::MAX_URL);
}

fn list(errors: &mut ValidationErrors, field: &'static str, name: &str, entries: &[String]) {
    let many = entries.len() > Profile::MAX_ENTRIES;
    errors.check(many, field, format_args!("{name} cannot have more than {} entries", Profile::MAX_ENTRIES));
    let long = entries.iter().any(|entry| entry.chars().count() > Profile::MAX_ENTRY);
    errors.check(long, field, format_args!("each of {name} cannot exceed {} characters", Profile::MAX_ENTRY));
    let control = entries.iter().any(|entry| has_control(entry));
    errors.check(control, field, format_args!("{name} cannot contain control characters"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_failure(profile: &Profile) -> Option<String> {
        let mut errors = ValidationErrors::new();
        profile.validate(&mut errors);
        errors.into_result(()).err().map(|errors| errors.to_string())
    }

    #[test]
    fn each_rule_has_its_sentence() {
        let cases = [
            (Profile { bio: "я".repeat(1001), ..Profile::default() }, "bio cannot exceed 1000 characters"),
            (
                Profile { bio: "\u{1b}[31m".to_owned(), ..Profile::default() },
                "bio cannot contain control characters",
            ),
            (
                Profile { avatar_url: "ftp://x".to_owned(), ..Profile::default() },
                "avatar URL must start with http:// or https://",
            ),
            (
                Profile { website: "javascript:1".to_owned(), ..Profile::default() },
                "website must start with http:// or https://",
            ),
            (
                Profile { location: "x".repeat(201), ..Profile::default() },
                "location cannot exceed 200 characters",
            ),
            (Profile { experience: -1, ..Profile::default() }, "experience cannot be negative"),
            (Profile { experience: 101, ..Profile::default() }, "experience cannot exceed 100 years"),
            (
                Profile { skills: vec!["Go\n".to_owned()], ..Profile::default() },
                "skills cannot contain control characters",
            ),
            (
                Profile { interests: vec![String::new(); 51], ..Profile::default() },
                "interests cannot have more than 50 entries",
            ),
        ];
        for (profile, message) in cases {
            assert_eq!(first_failure(&profile), Some(format!("profile validation failed: {message}")));
        }
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        let profile = Profile {
            bio: "я\n".repeat(500),
            location: "x".repeat(200),
            website: "https://x.y".to_owned(),
            experience: 100,
            ..Profile::default()
        };
        assert_eq!(first_failure(&profile), None);
    }
}
