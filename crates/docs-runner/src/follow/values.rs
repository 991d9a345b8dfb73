//! The names that a page shows and what they are in this run: "put the token that you see into the next command".

use super::wording::Pair;

#[derive(Debug, Default)]
pub struct Values(Vec<Pair>);

impl Values {
    /// Remembers that the page's `shown` is `got` today. `got` is what [`Self::on_the_page`] made of it, so a value
    /// that the page has shown before is already what it was then.
    pub fn learn(&mut self, (shown, got): &Pair) -> Result<(), String> {
        let named = |name: &String| self.0.iter().find(|(known, _)| known == name);
        // Within one output, the same value can come twice before it is learnt.
        if shown == got || named(shown).is_some_and(|(_, real)| real == got) {
            return Ok(());
        }
        if named(shown).is_some() {
            return Err(format!("the page shows {shown} again, but it was a new value: {got}"));
        }
        let was = named(got).or_else(|| self.0.iter().find(|(_, real)| real == got));
        if let Some((name, _)) = was {
            return Err(format!("the page shows a new value, {shown}, but it was {name} again"));
        }
        self.0.push((shown.clone(), got.clone()));
        Ok(())
    }

    /// A text of the page as it has to be today.
    pub fn today(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
    }

    /// What was printed today as the page would show it.
    pub fn on_the_page(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(real, shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(shown: &str, got: &str) -> Pair {
        (shown.to_owned(), got.to_owned())
    }

    #[test]
    fn a_learnt_value_is_exchanged_both_ways() {
        let mut values = Values::default();
        values.learn(&pair("aa11", "real")).unwrap();
        assert_eq!(values.today("token aa11, aa11"), "token real, real");
        assert_eq!(values.on_the_page("token real"), "token aa11");
        values.learn(&pair("aa11", &values.on_the_page("real"))).unwrap();
    }

    #[test]
    fn one_name_is_one_value_and_one_value_is_one_name() {
        let mut values = Values::default();
        values.learn(&pair("aa11", "real")).unwrap();
        let error = values.learn(&pair("aa11", "other")).unwrap_err();
        assert_eq!(error, "the page shows aa11 again, but it was a new value: other");
        let error = values.learn(&pair("bb22", &values.on_the_page("real"))).unwrap_err();
        assert_eq!(error, "the page shows a new value, bb22, but it was aa11 again");
        assert_eq!(values.learn(&pair("bb22", "real")).unwrap_err(), error);
        values.learn(&pair("aa11", "real")).unwrap();
    }
}
