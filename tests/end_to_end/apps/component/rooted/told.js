export const told = (words) => `Found: ${words.join(" and ")}`;
