//! Numbers in enum fields that are none of their enum's. The binary form carries them through decoding.

/// A message in which there is an enum.
pub trait Enums {
    /// The fields with such a number, as paths of names. A field of a list may be named more than once.
    fn unknown_enums(&self) -> Vec<String>;
}

/// The numbers of an enum field.
pub trait Numbers {
    /// Those that are set.
    fn numbers(&self) -> &[i32];
}

impl Numbers for i32 {
    fn numbers(&self) -> &[i32] {
        std::slice::from_ref(self)
    }
}

impl Numbers for Option<i32> {
    fn numbers(&self) -> &[i32] {
        self.as_slice()
    }
}

impl Numbers for Vec<i32> {
    fn numbers(&self) -> &[i32] {
        self
    }
}

/// Finds the field when it holds a number that is not known.
pub fn numbers(field: &impl Numbers, known: &[i32], name: &str, found: &mut Vec<String>) {
    if field.numbers().iter().any(|number| !known.contains(number)) {
        found.push(name.to_owned());
    }
}

/// Finds what is in the messages of a field.
pub fn inside<'a, T: Enums + 'a>(messages: impl IntoIterator<Item = &'a T>, name: &str, found: &mut Vec<String>) {
    for message in messages {
        found.extend(message.unknown_enums().iter().map(|inner| format!("{name}.{inner}")));
    }
}
