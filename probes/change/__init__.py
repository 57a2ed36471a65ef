"""What answers say of an API's future: that it ends, that another version answers, that its shape changes."""
